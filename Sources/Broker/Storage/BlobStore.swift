import Platform
import TransparencyLog

/// A content-addressed store on a thread of its own. What leaves name by digest is durable here before the leaf is
/// written. Fails for good after the first failed write.
actor BlobStore {
  private let executor: SerialThread
  private var store: EvidenceStore

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// - Parameter folder: where the blobs are, below the directory of `io`.
  init(_ io: any DurableIO, folder: String) throws(PlatformError) {
    executor = try SerialThread()
    store = EvidenceStore(io, folder: folder)
  }

  /// Makes the blob, and others that it names, durable.
  /// - Returns: its SHA-256.
  func store(_ blob: [UInt8], with others: [[UInt8]] = []) throws(BrokerError) -> [UInt8] {
    do {
      return try store.put(others + [blob])[others.count]
    } catch { throw .storeDamaged }
  }

  /// The blob of that digest, checked against it.
  func read(_ digest: [UInt8]) throws(BrokerError) -> [UInt8] {
    let blob: [UInt8]?
    do { blob = try store.blob(digest) } catch { throw .storeDamaged }
    guard let blob else { throw .storeDamaged }
    return blob
  }
}
