/// Reads untrusted bytes front to back; every field is named, every length is checked before use.
package struct ByteCursor: Sendable {
  private let input: ArraySlice<UInt8>
  /// Bytes already read.
  package private(set) var offset = 0

  package init(_ input: ArraySlice<UInt8>) { self.input = input }
  package init(_ input: [UInt8]) { self.input = input[...] }

  package var remaining: Int { input.count - offset }
  package var isAtEnd: Bool { remaining == 0 }

  package mutating func bytes(_ count: Int, _ field: StaticString) throws(ParseError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw ParseError(field, .truncated, at: offset) }
    let start = input.startIndex + offset
    offset += count
    return input[start..<start + count]
  }

  package mutating func byte(_ field: StaticString) throws(ParseError) -> UInt8 {
    let one = try bytes(1, field)
    return one[one.startIndex]
  }

  package mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type
  ) throws(ParseError) -> T {
    var value: T = 0
    for byte in try bytes(T.bitWidth / 8, field).reversed() { value = value &<< 8 | T(byte) }
    return value
  }

  package mutating func bigEndian<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type
  ) throws(ParseError) -> T {
    var value: T = 0
    for byte in try bytes(T.bitWidth / 8, field) { value = value &<< 8 | T(byte) }
    return value
  }

  /// A u32 big-endian length and that many bytes; the inverse of `ByteWriter.lengthPrefixed`.
  package mutating func lengthPrefixed(_ field: StaticString, limit: Int) throws(ParseError) -> ArraySlice<UInt8> {
    let start = offset
    let count = try bigEndian(field, as: UInt32.self)
    guard Int(count) <= limit else { throw ParseError(field, .tooLong, at: start) }
    return try bytes(Int(count), field)
  }

  package mutating func rest() -> ArraySlice<UInt8> {
    let slice = input[(input.startIndex + offset)...]
    offset = input.count
    return slice
  }

  /// The range `offset ..< offset + count` when it lies inside `size` bytes; cannot overflow.
  package func range(
    _ offset: some BinaryInteger, count: some BinaryInteger, within size: Int, _ field: StaticString
  ) throws(ParseError) -> Range<Int> {
    guard let start = Int(exactly: offset), let length = Int(exactly: count), start >= 0, length >= 0,
      start <= size, length <= size - start
    else { throw ParseError(field, .outOfRange, at: self.offset) }
    return start..<start + length
  }

  /// Refuses bytes after the last field.
  package func finish(_ field: StaticString) throws(ParseError) {
    guard isAtEnd else { throw ParseError(field, .trailing, at: offset) }
  }
}
