/// Bytes of a known number that can be read in any order, by several threads at once.
package protocol StoredBytes: Sendable {
  var byteCount: Int { get }
  /// Fills the whole buffer from `offset` on, or throws: a short answer is an error.
  func read(at offset: Int, into buffer: inout MutableRawSpan) throws
}

extension StoredBytes {
  /// A copy of a short range.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
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

/// One file being opened. An implementer owes: a new private file of exactly `byteCount` bytes, which nobody else can
/// reach before `Destination.publish`; writes of disjoint ranges may come from several threads at once.
package protocol DestinationFile: StoredBytes {
  func write(_ bytes: RawSpan, at offset: Int) throws
}

/// Where plaintext goes. Either everything becomes visible at once, or nothing ever was there.
package protocol Destination: Sendable {
  func makeFile(at path: String, byteCount: Int) throws -> any DestinationFile
  /// Makes all files visible by one atomic act.
  func publish() throws
  /// Gives back what was written; called at every failure, at most once.
  func discard()
}
