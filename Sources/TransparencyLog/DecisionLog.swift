package import SignedNotes
import Synchronization

/// The log as a service: many callers, one owner that alone blocks on the disk.
///
/// Callers that arrive while a record is being synced share the next one (group commit). Runs on an executor of its own,
/// which the caller supplies: `fdatasync` must never hold a thread of the pool.
package actor DecisionLog {
  private struct Waiting {
    let entry: [UInt8]
    let continuation: CheckedContinuation<Result<Receipt, LogError>, Never>
  }

  private let executor: any SerialExecutor
  private var writer: LogWriter
  private var evidence: EvidenceStore
  private var waiting: [Waiting] = []
  private var isDraining = false
  private let publishEvery: UInt64
  private let served: Mutex<LogReader>

  nonisolated package let limitEntryBytes: Int
  /// What the start of this process found.
  nonisolated package let recovery: LogRecovery

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// - Parameter publishEvery: unpublished entries after which the log publishes by itself; the owner publishes more often by
  ///   calling `publish`.
  package init(
    _ writer: consuming LogWriter, evidence: consuming EvidenceStore, executor: any SerialExecutor,
    publishEvery: UInt64 = 1024
  ) {
    self.executor = executor
    self.publishEvery = publishEvery
    served = Mutex(writer.reader())
    limitEntryBytes = writer.options.limitEntryBytes
    recovery = writer.recovery
    self.writer = writer
    self.evidence = evidence
  }

  /// Recovers the log of one directory (blocking: at start only) and puts it on its executor.
  package static func open(
    _ io: any DurableIO, signer: NoteSigner, absence: LogWriter.Absence, executor: any SerialExecutor,
    options: LogWriter.Options = LogWriter.Options(), witnessed: [Checkpoint] = []
  ) throws(LogError) -> DecisionLog {
    var writer = try LogWriter.open(io, signer: signer, absence: absence, options: options, witnessed: witnessed)
    try writer.publish()
    return DecisionLog(writer, evidence: EvidenceStore(io), executor: executor)
  }

  /// Returns when the entry is durable under a signed checkpoint. Anything that relies on the entry waits for this.
  ///
  /// - Throws: `.entryTooLong`: nothing happened. `.storage`, `.poisoned`: the entry may or may not be in the log, nothing
  ///   may be released on it, and the process should end.
  package func commit(_ entry: [UInt8]) async throws(LogError) -> Receipt {
    guard entry.count <= limitEntryBytes else { throw .entryTooLong }
    let result = await withCheckedContinuation { continuation in
      waiting.append(Waiting(entry: entry, continuation: continuation))
      drainSoon()
    }
    return try result.get()
  }

  /// Makes blobs durable, before an entry may name them, and returns their SHA-256 digests.
  package func store(evidence blobs: [[UInt8]]) throws(LogError) -> [[UInt8]] {
    guard !writer.isPoisoned else { throw .poisoned }
    return try evidence.put(blobs)
  }

  package func evidence(_ digest: [UInt8]) throws(LogError) -> [UInt8]? { try evidence.blob(digest) }

  /// Brings tiles, bundles and the served checkpoint up to the durable tree.
  package func publish() throws(LogError) {
    try writer.publish()
    let reader = writer.reader()
    served.withLock { $0 = reader }
  }

  /// Entries in the durable tree.
  package var size: UInt64 { writer.size }
  /// An earlier write failed: every commit is refused until a new process has recovered the log.
  package var isPoisoned: Bool { writer.isPoisoned }
  /// The newest durable signed checkpoint; the published one is `reader.checkpoint`.
  package var checkpoint: [UInt8] { writer.checkpoint }

  package func entry(at index: UInt64) throws(LogError) -> [UInt8] { try writer.entry(at: index) }
  package func proof(index: UInt64) throws(LogError) -> [UInt8] { try writer.proof(index: index) }

  package func inclusionProof(index: UInt64, size: UInt64) throws(LogError) -> InclusionProof {
    try writer.inclusionProof(index: index, size: size)
  }

  package func consistencyProof(from old: UInt64, to new: UInt64) throws(LogError) -> ConsistencyProof {
    try writer.consistencyProof(from: old, to: new)
  }

  /// What anybody may read now. Its reads block on the disk: not on a thread of the pool.
  package nonisolated var reader: LogReader { served.withLock { $0 } }

  /// The public file under `path`, read by the log's own thread; see `LogReader.file`.
  package func file(at path: String) throws(LogError) -> [UInt8]? { try writer.reader().file(at: path) }

  private func drainSoon() {
    guard !isDraining, !waiting.isEmpty else { return }
    isDraining = true
    // A job of its own, behind the commits that are queued already: they all go into this batch.
    Task { drain() }
  }

  private func drain() {
    isDraining = false
    let batch = Array(waiting.prefix(LogWriter.limitBatch))
    waiting.removeFirst(batch.count)
    do throws(LogError) {
      let receipts = try writer.append(batch.map(\.entry))
      for (one, receipt) in zip(batch, receipts) { one.continuation.resume(returning: .success(receipt)) }
    } catch {
      for one in batch { one.continuation.resume(returning: .failure(error)) }
    }
    drainSoon()
    if writer.size - writer.publishedSize >= publishEvery { publishSoon() }
  }

  private func publishSoon() {
    // A failure poisons the writer, which every later commit reports.
    Task { try? publish() }
  }
}
