import Bytes
import Cryptography

/// Blobs that leaves name by their digest. A blob is durable before anything may name it; one that nothing names is harmless.
///
/// Shape: `<folder>/<first byte, 2 hex digits>/<sha256, 64 hex digits>`. Not thread-safe.
package struct EvidenceStore: ~Copyable, Sendable {
  private var files: DurableTree
  private var isPoisoned = false

  private let folder: String

  /// - Parameter folder: one name below the directory of `io`.
  package init(_ io: any DurableIO, folder: String = "evidence") {
    files = DurableTree(io)
    self.folder = folder
  }

  /// Makes every blob durable and returns their SHA-256 digests, in order.
  /// - Throws: `.storage` and is poisoned then: whether a blob is durable is unknown, and none may be named.
  package mutating func put(_ blobs: [[UInt8]]) throws(LogError) -> [[UInt8]] {
    guard !isPoisoned else { throw .poisoned }
    isPoisoned = true
    let digests = blobs.map { Hash.sha256.digest($0) }
    do throws(DurableFailure) {
      for (digest, blob) in zip(digests, blobs) { try put(blob, at: name(digest)) }
      try files.syncDirectories()
    } catch { throw .storage(error) }
    isPoisoned = false
    return digests
  }

  private mutating func put(_ blob: [UInt8], at name: String) throws(DurableFailure) {
    if try files.io.read(name) == blob {
      // The bytes were synced before they got their name, but the name may be one that a dead process left un-synced.
      try files.makeDirectories(DurableTree.parent(of: name))
      files.touch(DurableTree.parent(of: name))
    } else {
      try files.place(blob, at: name)
    }
  }

  /// The blob of that digest, checked against it; `nil` when there is none (a retention rule may have removed it).
  /// - Throws: `.storage`; `.malformed` when the file's bytes have another digest.
  package borrowing func blob(_ digest: [UInt8]) throws(LogError) -> [UInt8]? {
    guard digest.count == Hash.sha256.byteCount else { return nil }
    let found: [UInt8]?
    do throws(DurableFailure) { found = try files.io.read(name(digest)) } catch { throw .storage(error) }
    guard let found else { return nil }
    guard Hash.sha256.digest(found) == digest else { throw .malformed(ParseError("evidence", .unexpected)) }
    return found
  }

  /// The file of a blob, below the directory of the store's disk.
  package borrowing func name(_ digest: [UInt8]) -> String {
    let hex = Hex.encode(digest)
    return "\(folder)/\(hex.prefix(2))/\(hex)"
  }
}
