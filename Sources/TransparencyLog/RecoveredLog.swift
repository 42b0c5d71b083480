import SignedNotes

/// What the disk holds, checked, before anything on it is changed.
struct RecoveredLog: ~Copyable, Sendable {
  let signer: NoteSigner
  let options: LogWriter.Options
  var files: DurableTree
  var published: VerifiedCheckpoint?
  var tree: GrowingTree
  var entries: [[UInt8]] = []
  var entriesStart: UInt64 = 0
  var checkpoint: [UInt8]
  /// Records with entries beyond the published tiles.
  var tail: [WriteAheadRecord] = []
  /// Bytes of a torn last write, which the new write-ahead log does not take over.
  var droppedBytes = 0

  /// Reads checkpoint, right edge and write-ahead log. `nil` when there is no log at all.
  init?(_ io: any DurableIO, signer: NoteSigner, options: LogWriter.Options) throws(LogError) {
    self.signer = signer
    self.options = options
    files = DurableTree(io)
    tree = GrowingTree()
    checkpoint = []
    let (checkpointFile, wal) = try Self.read(io)
    if checkpointFile == nil && wal == nil { return nil }
    guard let wal else { throw .damaged(.walMissing) }
    if let checkpointFile { try restore(checkpointFile, io) }
    try replay(wal, io)
    if checkpoint.isEmpty { checkpoint = try Self.emptyCheckpoint(signer) }
  }

  /// The state of a log that begins now.
  init(empty io: any DurableIO, signer: NoteSigner, options: LogWriter.Options) throws(LogError) {
    self.signer = signer
    self.options = options
    files = DurableTree(io)
    tree = GrowingTree()
    checkpoint = try Self.emptyCheckpoint(signer)
  }

  private static func read(_ io: any DurableIO) throws(LogError) -> (checkpoint: [UInt8]?, wal: [UInt8]?) {
    do throws(DurableFailure) {
      // What is read now must be durable before the first rename that relies on it: an earlier process may have died
      // between a rename and the sync of its directory.
      try io.syncDirectory("")
      return (try io.read(LogFile.checkpoint), try io.read(LogFile.wal))
    } catch { throw .storage(error) }
  }

  private static func emptyCheckpoint(_ signer: NoteSigner) throws(LogError) -> [UInt8] {
    try Checkpoint(origin: signer.name, size: 0, root: .emptyTree).signed(by: signer)
  }

  /// Loads the right edge and holds it against the published checkpoint.
  private mutating func restore(_ bytes: [UInt8], _ io: any DurableIO) throws(LogError) {
    guard let signed = try? VerifiedCheckpoint(verifying: bytes, by: signer.verifierKey) else {
      throw .damaged(.checkpoint)
    }
    var tiles = PublishedTree(io, size: signed.size)
    var partial: [[MerkleHash]] = []
    for level in 0..<8 where PublishedTree.width(.hashes(level: level), size: signed.size) > 0 {
      let width = PublishedTree.width(.hashes(level: level), size: signed.size)
      partial.append(width & 255 == 0 ? [] : try tiles.tile(level: level, index: width >> 8))
    }
    tree = GrowingTree(size: signed.size, partialTiles: partial)
    var nodes = DurableNodes(edge: tree, published: tiles)
    guard try nodes.root(size: signed.size) == signed.root else { throw .damaged(.rightEdge) }
    try restoreEntries(signed.size, &tiles)
    published = signed
    checkpoint = bytes
  }

  /// Loads the last bundle and holds it against the last tile, and a full last tile against the level above.
  private mutating func restoreEntries(_ size: UInt64, _ tiles: inout PublishedTree) throws(LogError) {
    guard size > 0 else { return }
    let last = (size - 1) >> 8
    let bundle = try tiles.entries(index: last)
    let hashes = try tiles.tile(level: 0, index: last)
    guard bundle.map({ MerkleHash.leaf($0) }) == hashes else {
      throw .damaged(.tile(TilePath(.entries, index: last, width: bundle.count)))
    }
    if size & 255 == 0 {
      guard try tiles.node(height: 8, index: last) == Self.fold(hashes) else {
        throw .damaged(.tile(TilePath(.hashes(level: 0), index: last)))
      }
      entriesStart = size
    } else {
      entriesStart = last << 8
      entries = bundle
    }
  }

  private static func fold(_ hashes: [MerkleHash]) -> MerkleHash {
    var tree = GrowingTree()
    for hash in hashes { tree.append(hash) }
    return tree.node(height: 8, index: 0) ?? .emptyTree
  }

  /// Takes up every whole record of the write-ahead log.
  private mutating func replay(_ wal: [UInt8], _ io: any DurableIO) throws(LogError) {
    let base = tree.size
    var tiles = PublishedTree(io, size: base)
    let scan = try WriteAheadScan(wal)
    droppedBytes = scan.droppedBytes
    for record in scan.records {
      guard record.index <= tree.size else {
        throw .damaged(.gap(expected: tree.size, found: record.index))
      }
      for (offset, entry) in record.entries.enumerated() {
        let index = record.index + UInt64(offset)
        if index < tree.size {
          guard index < base, try tiles.node(height: 0, index: index) == .leaf(entry) else {
            throw .damaged(.entryDisagrees(index: index))
          }
        } else {
          tree.append(.leaf(entry))
          entries.append(entry)
        }
      }
      if record.end > base { try adopt(record) }
    }
  }

  /// The record's checkpoint must be ours and of exactly this tree: it may have left the process.
  private mutating func adopt(_ record: WriteAheadRecord) throws(LogError) {
    var nodes = DurableNodes(edge: tree, published: PublishedTree(files.io, size: published?.size ?? 0))
    guard record.end == tree.size,
      let signed = try? VerifiedCheckpoint(verifying: record.checkpoint, by: signer.verifierKey),
      signed.size == tree.size, signed.root == (try nodes.root(size: tree.size))
    else { throw .damaged(.walCheckpoint(size: tree.size)) }
    checkpoint = record.checkpoint
    tail.append(record)
  }
}
