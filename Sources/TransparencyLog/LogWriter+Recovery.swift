package import SignedNotes

extension LogWriter {
  /// What to do where no log is. A log that should be there and is not has been lost.
  package enum Absence: Sendable { case begin, refuse }

  /// Opens the log of one directory after whatever ended the last process.
  ///
  /// In this order: make durable what will be read; read and check it; hold it against the witnesses; write the surviving
  /// tail of the write-ahead log into a new file; only then accept entries.
  /// - Parameter witnessed: the latest checkpoints that witnesses hold of this log, already verified by the caller.
  /// - Throws: `.damaged` when there is no one unbroken history, `.storage` when the disk fails. In both cases nothing
  ///   that was read has been changed.
  package static func open(
    _ io: any DurableIO, signer: NoteSigner, absence: Absence, options: Options = Options(),
    witnessed: [Checkpoint] = []
  ) throws(LogError) -> LogWriter {
    guard let found = try RecoveredLog(io, signer: signer, options: options) else {
      guard absence == .begin else { throw .damaged(.absent) }
      return try start(try RecoveredLog(empty: io, signer: signer, options: options), witnessed)
    }
    // An empty write-ahead log alone is what the first start leaves before its first checkpoint, and nothing later.
    guard absence == .begin || found.published != nil || found.tree.size > 0 else { throw .damaged(.checkpointMissing) }
    return try start(found, witnessed)
  }

  private static func start(
    _ recovered: consuming RecoveredLog, _ witnessed: [Checkpoint]
  ) throws(LogError) -> LogWriter {
    for checkpoint in witnessed { try recovered.check(against: checkpoint) }
    var bytes: [UInt8] = []
    var tag = WriteAheadRecord.firstTag
    for record in recovered.tail {
      bytes += record.encode(after: tag)
      tag = Array(bytes.suffix(WriteAheadRecord.tagBytes))
    }
    let wal: DurableFile
    do throws(DurableFailure) {
      wal = try LogFile.replaceWAL(with: bytes, recovered.files.io)
    } catch { throw .storage(error) }
    return LogWriter(recovered, wal: wal, bytes: UInt64(bytes.count), tag: tag)
  }
}

extension RecoveredLog {
  /// - Throws: `.damaged(.rolledBack)` unless the tree holds everything that the witness saw.
  borrowing func check(against witnessed: Checkpoint) throws(LogError) {
    var nodes = DurableNodes(edge: tree, published: PublishedTree(files.io, size: published?.size ?? 0))
    guard witnessed.origin.utf8.elementsEqual(signer.name.utf8) else { throw .originMismatch }
    guard witnessed.size <= tree.size, try nodes.root(size: witnessed.size) == witnessed.root else {
      throw .damaged(.rolledBack(witnessed: witnessed.size))
    }
  }
}
