import Bytes

/// Reads a stored file front to back through a small window, so that a header's own lengths cost no memory.
struct WindowReader {
  private static let windowSize = 1 << 16
  private let file: any StoredBytes
  private var window: [UInt8] = []
  private var windowStart = 0
  private(set) var offset = 0

  init(_ file: any StoredBytes) { self.file = file }

  private var remaining: Int { file.byteCount - offset }

  /// - Precondition: `count` is a number of ours, at most a window.
  mutating func bytes(_ count: Int, _ field: StaticString) throws(WeightsHeader.Problem) -> ArraySlice<UInt8> {
    guard count <= remaining else { throw .malformed(ParseError(field, .truncated, at: offset)) }
    if offset < windowStart || offset + count > windowStart + window.count { try refill(atLeast: count) }
    let start = offset - windowStart
    offset += count
    return window[start..<start + count]
  }

  private mutating func refill(atLeast count: Int) throws(WeightsHeader.Problem) {
    do {
      window = try file.bytes(at: offset, count: min(remaining, max(count, Self.windowSize)))
      windowStart = offset
    } catch {
      throw .storage(error)
    }
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type
  ) throws(WeightsHeader.Problem) -> T {
    try bytes(T.bitWidth / 8, field).reversed().reduce(0) { $0 &<< 8 | T($1) }
  }

  /// A u64 length and that many bytes.
  mutating func string(_ field: StaticString, limit: UInt64) throws(WeightsHeader.Problem) -> [UInt8] {
    let count = try integer(field, as: UInt64.self)
    guard count <= limit else { throw .malformed(ParseError(field, .tooLong, at: offset)) }
    return Array(try bytes(Int(count), field))
  }

  mutating func skip(_ count: UInt64, _ field: StaticString) throws(WeightsHeader.Problem) {
    guard count <= UInt64(remaining) else { throw .malformed(ParseError(field, .truncated, at: offset)) }
    offset += Int(count)
  }
}
