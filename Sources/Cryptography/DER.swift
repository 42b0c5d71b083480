/// Writes DER: just what a certificate of ours needs. Spec: X.690 §8, §10.
package enum DER {
  package static func element(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let content = Array(parts.joined())
    return [tag] + length(content.count) + content
  }

  package static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, Array(parts.joined())) }
  package static func set(_ part: [UInt8]) -> [UInt8] { element(0x31, part) }
  package static func octetString(_ content: [UInt8]) -> [UInt8] { element(0x04, content) }
  package static func bitString(_ content: [UInt8], unusedBits: UInt8 = 0) -> [UInt8] {
    element(0x03, [unusedBits], content)
  }
  package static func utf8String(_ text: String) -> [UInt8] { element(0x0C, Array(text.utf8)) }
  package static let `true`: [UInt8] = [0x01, 0x01, 0xFF]

  /// A whole number that is not negative, from its big-endian bytes.
  package static func integer(_ magnitude: [UInt8]) -> [UInt8] {
    var bytes = Array(magnitude.drop { $0 == 0 })
    if bytes.isEmpty || bytes[0] >= 0x80 { bytes.insert(0, at: 0) }
    return element(0x02, bytes)
  }

  /// - Precondition: at least two arcs, the first two as X.660 permits.
  package static func objectIdentifier(_ arcs: UInt...) -> [UInt8] {
    var content = [UInt8(arcs[0] * 40 + arcs[1])]
    for arc in arcs.dropFirst(2) {
      var digits = [UInt8(arc & 0x7F)]
      var rest = arc >> 7
      while rest > 0 {
        digits.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
        rest >>= 7
      }
      content += digits
    }
    return element(0x06, content)
  }

  /// The content of an object identifier, from its dotted text; `nil` for anything else.
  static func identifier(dotted text: String) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let arcs = parts.compactMap { UInt32($0) }
    guard arcs.count == parts.count, arcs.count > 2, arcs[0] <= 2, arcs[1] < 40 else { return nil }
    var content = [UInt8(arcs[0] * 40 + arcs[1])]
    for arc in arcs.dropFirst(2) {
      // Seven bits in each byte, the highest first; every byte but the last is marked.
      var shift = arc == 0 ? 0 : UInt32(31 - arc.leadingZeroBitCount) / 7 * 7
      while shift > 0 {
        content.append(UInt8(arc >> shift & 0x7F) | 0x80)
        shift -= 7
      }
      content.append(UInt8(arc & 0x7F))
    }
    return content
  }

  private static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(count)] }
    var digits: [UInt8] = []
    var rest = count
    while rest > 0 {
      digits.insert(UInt8(rest & 0xFF), at: 0)
      rest >>= 8
    }
    return [0x80 | UInt8(digits.count)] + digits
  }
}
