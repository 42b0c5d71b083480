import Bytes

/// Bytes of a known number that can be read in any order, by several threads at once.
package protocol StoredBytes: Sendable {
  var byteCount: Int { get }
  /// Fills the whole buffer from `offset` on, or throws: a short answer is an error.
  func read(at offset: Int, into buffer: inout MutableRawSpan) throws
  /// Gives all bytes of `range` to `take`, front to back, in pieces of any size. An implementer owes: what `take` throws
  /// ends the stream and is thrown on; a transfer that broke goes on behind the last byte that was given.
  /// - Parameter scratch: memory for pieces, a segment or more, which is the implementer's until the end.
  func stream(_ range: Range<Int>, scratch: inout MutableRawSpan, to take: (RawSpan) throws -> Void) throws
}

extension StoredBytes {
  /// One read after the other. A whole segment is one piece wherever the scratch holds one.
  package func stream(_ range: Range<Int>, scratch: inout MutableRawSpan, to take: (RawSpan) throws -> Void) throws {
    let size = StreamLayout.segmentSize
    precondition(scratch.byteCount >= size, "the scratch holds a segment")
    var offset = range.lowerBound
    while offset < range.upperBound {
      // Segments end at whole mebibytes of the blob.
      let count = min(size - offset % size, range.upperBound - offset)
      try scratch.withPart(0..<count) { piece in
        try read(at: offset, into: &piece)
        try take(piece.bytes)
      }
      offset += count
    }
  }

  /// A copy of a short range.
  package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard count > 0 else { return bytes }
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    try read(at: offset, into: &span)
    return bytes
  }
}

/// Where ciphertext comes from. It is not trusted: it can only withhold.
package protocol CiphertextSource: Sendable {
  /// - Parameter name: 64 hexadecimal digits, see `Manifest.File.blob`.
  func blob(named name: String) throws -> any StoredBytes
}

/// A part of a file as memory. An implementer owes: what is written there is what the file holds.
package protocol FileMemory {
  /// - Parameter range: bytes of the file, within the part.
  func withMutableBytes(_ range: Range<Int>, _ body: (inout MutableRawSpan) throws -> Void) throws
}

/// One file being opened. An implementer owes: a new private file of exactly `byteCount` bytes, which nobody else can
/// reach before `Destination.publish`; writes of disjoint ranges may come from several threads at once.
package protocol DestinationFile: StoredBytes {
  func write(_ bytes: RawSpan, at offset: Int) throws
  /// A part of the file as memory, where plaintext is best made in place; `nil` where writing is faster.
  func memory(of range: Range<Int>) throws -> (any FileMemory)?
}

extension DestinationFile {
  package func memory(of range: Range<Int>) throws -> (any FileMemory)? { nil }
}

/// Where plaintext goes. Either everything becomes visible at once, or nothing ever was there.
package protocol Destination: Sendable {
  func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile
  /// Makes all files visible by one atomic act.
  func publish() throws
  /// Gives back what was written; called at every failure, at most once.
  func discard()
}
