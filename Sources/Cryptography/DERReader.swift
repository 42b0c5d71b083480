/// Reads DER elements from front to back. What is not DER in its one form, such as a length that could be shorter, is
/// `nil`. Spec: X.690 §8, §10.
package struct DERReader {
  private var rest: ArraySlice<UInt8>

  package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }
  package init(_ bytes: some Collection<UInt8>) { rest = Array(bytes)[...] }

  package var isAtEnd: Bool { rest.isEmpty }

  /// The content of the next element, which must have this tag; `nil` when it has not, or is not DER.
  package mutating func element(_ tag: UInt8) -> ArraySlice<UInt8>? {
    guard rest.count >= 2, rest.first == tag, let (count, width) = length(rest.dropFirst()) else { return nil }
    let content = rest.dropFirst(1 + width)
    guard count <= content.count else { return nil }
    rest = content.dropFirst(count)
    return content.prefix(count)
  }

  /// A whole number below 2^32 that is not negative.
  package mutating func integer(tag: UInt8 = 0x02) -> UInt32? {
    guard let content = element(tag), let first = content.first, content.count <= 5, first < 0x80 else { return nil }
    if first == 0, content.count > 1, content[content.startIndex + 1] < 0x80 { return nil }
    let value = content.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return UInt32(exactly: value)
  }

  package mutating func boolean() -> Bool? {
    switch element(0x01) {
    case [0x00]: false
    case [0xFF]: true
    default: nil
    }
  }

  private func length(_ bytes: ArraySlice<UInt8>) -> (count: Int, width: Int)? {
    guard let first = bytes.first else { return nil }
    if first < 0x80 { return (Int(first), 1) }
    let digits = bytes.dropFirst().prefix(Int(first & 0x7F))
    guard first <= 0x83, first > 0x80, digits.count == Int(first & 0x7F), digits.first != 0 else { return nil }
    let count = digits.reduce(0) { $0 << 8 | Int($1) }
    return count >= 0x80 ? (count, 1 + digits.count) : nil
  }
}
