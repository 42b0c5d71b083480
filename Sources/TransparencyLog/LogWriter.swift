import SignedNotes

/// The rules of the log: one writer, every step in order, nothing accepted after a failure.
///
/// `append` returns only after one synced record holds the entries and the signed checkpoint of the tree that they end:
/// that is the commit point. `publish` writes tiles, bundles and the served checkpoint afterwards. A checkpoint leaves
/// this type only when its record is durable. Not thread-safe; `DecisionLog` gives it one owner.
package struct LogWriter: ~Copyable, Sendable {
  package struct Options: Sendable {
    /// Longest entry in bytes.
    package var limitEntryBytes = 16_384
    /// The write-ahead log is replaced at the next publication after it holds this many bytes.
    package var limitWALBytes: UInt64 = 1 << 20

    package init() {}
  }

  /// Entries of one record.
  package static let limitBatch = WriteAheadRecord.limitEntries

  let io: any DurableIO
  let options: Options
  private let signer: NoteSigner
  var files: DurableTree
  var tree: GrowingTree
  /// Entries that no full published bundle holds, from index `entriesStart` (a multiple of 256) on.
  private(set) var entries: [[UInt8]]
  private(set) var entriesStart: UInt64
  /// The signed checkpoint of the last durable record, or of an empty tree.
  package private(set) var checkpoint: [UInt8]
  /// What the file `checkpoint` says.
  package private(set) var published: VerifiedCheckpoint?
  private var wal: DurableFile
  private var walBytes: UInt64
  private var walTag: [UInt8]
  package private(set) var isPoisoned = false

  /// Entries in the durable tree.
  package private(set) var size: UInt64
  /// What the start of this process found.
  package let recovery: LogRecovery

  /// - Parameter recovered: a state whose write-ahead log was rewritten and made durable.
  init(_ recovered: consuming RecoveredLog, wal: DurableFile, bytes: UInt64, tag: [UInt8]) {
    io = recovered.files.io
    options = recovered.options
    signer = recovered.signer
    files = recovered.files
    tree = recovered.tree
    entries = recovered.entries
    entriesStart = recovered.entriesStart
    checkpoint = recovered.checkpoint
    published = recovered.published
    size = recovered.tree.size
    recovery = LogRecovery(
      entries: recovered.tree.size - (recovered.published?.size ?? 0), droppedBytes: recovered.droppedBytes)
    self.wal = wal
    walBytes = bytes
    walTag = tag
  }

  package var publishedSize: UInt64 { published?.size ?? 0 }

  /// Commits a batch. One receipt for each entry, in order.
  ///
  /// - Throws: `.entryTooLong` and `.outOfRange` (an empty batch or more than `limitBatch`) change nothing. `.storage`:
  ///   whether the batch is durable is unknown, nothing may be released on it, and the log is poisoned. `.poisoned`.
  package mutating func append(_ batch: [[UInt8]]) throws(LogError) -> [Receipt] {
    guard !isPoisoned else { throw .poisoned }
    guard (1...Self.limitBatch).contains(batch.count) else { throw .outOfRange }
    let limit = min(options.limitEntryBytes, EntryBundle.limitEntryBytes)
    guard batch.allSatisfy({ $0.count <= limit }) else { throw .entryTooLong }
    isPoisoned = true
    for entry in batch { tree.append(.leaf(entry)) }
    var nodes = DurableNodes(edge: tree, published: PublishedTree(io, size: publishedSize))
    let next = Checkpoint(origin: signer.name, size: tree.size, root: try nodes.root(size: tree.size))
    let signed = try next.signed(by: signer)
    try appendRecord(WriteAheadRecord(index: size, entries: batch, checkpoint: signed))
    isPoisoned = false
    entries += batch
    checkpoint = signed
    let first = size
    size = tree.size
    return try receipts(batch, from: first, &nodes)
  }

  private mutating func appendRecord(_ record: WriteAheadRecord) throws(LogError) {
    let bytes = record.encode(after: walTag)
    do throws(DurableFailure) {
      try io.write(bytes, to: wal, at: walBytes)
      try io.sync(wal)
    } catch { throw .storage(error) }
    walBytes += UInt64(bytes.count)
    walTag = Array(bytes.suffix(WriteAheadRecord.tagBytes))
  }

  private func receipts(
    _ batch: [[UInt8]], from first: UInt64, _ nodes: inout DurableNodes
  ) throws(LogError) -> [Receipt] {
    var receipts: [Receipt] = []
    for (offset, entry) in batch.enumerated() {
      let proof = try nodes.inclusionProof(index: first + UInt64(offset), size: size)
      receipts.append(Receipt(entry: entry, proof: proof, checkpoint: checkpoint))
    }
    return receipts
  }

  /// Writes what the tree gained into tiles and bundles, makes them durable, then the checkpoint that needs them. Replaces
  /// the write-ahead log when it has grown.
  /// - Throws: `.storage` and poisons the log; `.poisoned`.
  package mutating func publish() throws(LogError) {
    guard !isPoisoned else { throw .poisoned }
    guard published == nil || publishedSize < size || walBytes >= options.limitWALBytes else { return }
    isPoisoned = true
    let signed = try VerifiedCheckpoint(verifying: checkpoint, by: signer.verifierKey)
    let stale = stalePartials(in: publishedSize..<size)
    do throws(DurableFailure) {
      try placeTiles(from: publishedSize)
      try files.syncDirectories()
      try files.place(checkpoint, at: LogFile.checkpoint)
      try files.syncDirectories()
      for path in stale { try io.remove(path.path) }
      if walBytes >= options.limitWALBytes { try replaceWAL() }
    } catch { throw .storage(error) }
    published = signed
    trim()
    isPoisoned = false
  }

  private mutating func replaceWAL() throws(DurableFailure) {
    io.close(wal)
    wal = try LogFile.replaceWAL(with: [], io)
    walBytes = 0
    walTag = WriteAheadRecord.firstTag
  }

  private mutating func trim() {
    tree.trim(toTilesOf: size)
    let start = size & ~255
    entries.removeFirst(Int(start - entriesStart))
    entriesStart = start
  }
}

/// What recovery took up and what it left behind.
package struct LogRecovery: Equatable, Sendable {
  /// Durable entries that were in no tile yet.
  package let entries: UInt64
  /// Bytes at the end of the write-ahead log that were no whole record: a write that a crash tore, on which nothing was
  /// released.
  package let droppedBytes: Int
}

/// The names of the log's own files.
enum LogFile {
  static let wal = "wal"
  static let checkpoint = "checkpoint"

  /// A new write-ahead log in place of the old one, durable, open at its end.
  static func replaceWAL(with bytes: [UInt8], _ io: any DurableIO) throws(DurableFailure) -> DurableFile {
    let file = try io.create("wal.tmp")
    if !bytes.isEmpty { try io.write(bytes, to: file, at: 0) }
    try io.sync(file)
    try io.rename("wal.tmp", to: wal)
    try io.syncDirectory("")
    return file
  }
}
