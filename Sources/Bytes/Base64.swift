/// Base64 of RFC 4648 §4 and §5 with the canonical check: one text for one byte string, nothing else accepted.
package enum Base64 {
  package enum Alphabet: Sendable { case standard, url }
  package enum Padding: Sendable { case required, forbidden, optional }

  private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  private static let standardValues = reverse(standard)
  private static let urlValues = reverse(url)

  private static func reverse(_ characters: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }

  package static func encode(
    _ bytes: some Collection<UInt8>, _ alphabet: Alphabet = .standard, padded: Bool = true
  ) -> String {
    let characters = alphabet == .standard ? standard : url
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var buffer: UInt32 = 0
    var bits = 0
    for byte in bytes {
      buffer = buffer << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(characters[Int(buffer >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { text.append(characters[Int(buffer << UInt32(6 - bits) & 63)]) }
    if padded { while text.count % 4 != 0 { text.append(0x3D) } }
    return String(decoding: text, as: UTF8.self)
  }

  /// RFC 4648 §5 without padding: the form of JOSE.
  package static func url(_ bytes: some Collection<UInt8>) -> String { encode(bytes, .url, padded: false) }

  package static func decodeURL(_ text: String, _ field: StaticString) throws(ParseError) -> [UInt8] {
    try decode(Array(text.utf8), .url, padding: .forbidden, field)
  }

  package static func decode(
    _ text: String, _ alphabet: Alphabet = .standard, padding: Padding = .required, _ field: StaticString
  ) throws(ParseError) -> [UInt8] {
    try decode(Array(text.utf8), alphabet, padding: padding, field)
  }

  /// - Throws: `.unexpected` for a foreign character, `.truncated` for an impossible length, `.notCanonical` for wrong
  ///   padding or for pad bits that are not zero.
  package static func decode(
    _ text: [UInt8], _ alphabet: Alphabet = .standard, padding: Padding = .required, _ field: StaticString
  ) throws(ParseError) -> [UInt8] {
    let body = try bodyLength(text, padding, field)
    let values = alphabet == .standard ? standardValues : urlValues
    var bytes = [UInt8](repeating: 0, count: body / 4 * 3)
    var count = 0
    var buffer: UInt32 = 0
    var bits = 0
    var start = 0
    // Whole groups of four; what is left, and a group with a foreign character, goes the slow way.
    while start + 4 <= body {
      let (a, b) = (values[Int(text[start])], values[Int(text[start + 1])])
      let (c, d) = (values[Int(text[start + 2])], values[Int(text[start + 3])])
      guard a | b | c | d < 0x40 else { break }
      bytes[count] = a << 2 | b >> 4
      bytes[count + 1] = b << 4 | c >> 2
      bytes[count + 2] = c << 6 | d
      count += 3
      start += 4
    }
    bytes.removeLast(bytes.count - count)
    for index in start..<body {
      let value = values[Int(text[index])]
      guard value != 0xFF else { throw ParseError(field, .unexpected, at: index) }
      buffer = buffer << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
      }
    }
    guard bits < 6 else { throw ParseError(field, .truncated, at: body) }
    guard buffer & (1 << UInt32(bits) - 1) == 0 else { throw ParseError(field, .notCanonical, at: body) }
    return bytes
  }

  private static func bodyLength(
    _ text: [UInt8], _ padding: Padding, _ field: StaticString
  ) throws(ParseError) -> Int {
    var body = text.count
    while body > 0, text.count - body < 2, text[body - 1] == 0x3D { body -= 1 }
    let pads = text.count - body
    switch padding {
    case .forbidden where pads > 0: throw ParseError(field, .notCanonical, at: body)
    case .required where text.count % 4 != 0: throw ParseError(field, .notCanonical, at: body)
    case .optional where pads > 0 && text.count % 4 != 0: throw ParseError(field, .notCanonical, at: body)
    default: return body
    }
  }
}
