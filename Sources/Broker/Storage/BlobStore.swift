import Bytes
import Platform
import TransparencyLog

/// A content-addressed store on a thread of its own. What leaves name by digest is durable here before the leaf is
/// written. Fails for good after the first failed write, and stops the service then: only a new process may go on.
actor BlobStore {
  /// The blob that could not be read, below the state's folder, and why.
  struct Fault: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
      case missing, damaged
      case unreadable(errno: Int32)
    }

    let name: String
    let kind: Kind
  }

  private let executor: any SerialExecutor
  private let stop: StopSignal?
  private var store: EvidenceStore
  /// The first read that failed.
  private(set) var fault: Fault?

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// - Parameters:
  ///   - folder: where the blobs are, below the directory of `io`.
  ///   - executor: a thread that may block; one of its own when not given.
  ///   - stop: told when a write fails.
  init(
    _ io: any DurableIO, folder: String, executor: (any SerialExecutor)? = nil, stop: StopSignal? = nil
  ) throws(PlatformError) {
    if let executor { self.executor = executor } else { self.executor = try SerialThread() }
    self.stop = stop
    store = EvidenceStore(io, folder: folder)
  }

  /// Makes the blob, and others that it names, durable.
  /// - Returns: its SHA-256.
  func store(_ blob: [UInt8], with others: [[UInt8]] = []) throws(BrokerError) -> [UInt8] {
    do throws(LogError) {
      return try store.put(others + [blob])[others.count]
    } catch {
      stop?.signal(.logFailed(error.reason))
      throw .storeDamaged
    }
  }

  /// The blob of that digest, checked against it.
  func read(_ digest: [UInt8]) throws(BrokerError) -> [UInt8] {
    do throws(LogError) {
      if let blob = try store.blob(digest) { return blob }
      note(digest, .missing)
    } catch .storage(let failure) {
      note(digest, .unreadable(errno: failure.number))
    } catch { note(digest, .damaged) }
    throw .storeDamaged
  }

  private func note(_ digest: [UInt8], _ kind: Fault.Kind) {
    if fault == nil { fault = Fault(name: store.name(digest), kind: kind) }
  }
}
