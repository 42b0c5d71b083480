package import SignedNotes

/// The files of a log as they stood together at one moment, taken from a disk on which its writer goes on.
///
/// Together they are a log that opens: a checkpoint, the tiles under it, and every whole record of the write-ahead log since.
/// Full tiles never change and are not read here; `fullPaths` names them.
package struct LogSnapshot: Sendable {
  /// What the file `checkpoint` said.
  package let published: VerifiedCheckpoint
  /// Whole records only: of a write under way nothing.
  package let writeAhead: [UInt8]
  /// Entries, those of the write-ahead log among them.
  package let size: UInt64
  /// The tiles and bundles that are not full, which wider ones replace.
  package let edge: [(path: String, bytes: [UInt8])]

  package static let writeAheadPath = LogFile.wal
  package static let checkpointPath = LogFile.checkpoint
  private static let kinds = [TilePath.Kind.entries] + (0..<8).map { TilePath.Kind.hashes(level: $0) }

  /// - Parameters:
  ///   - key: the log's.
  ///   - attempts: how often to begin again where the writer was in between.
  /// - Throws: `.damaged` for files that are no log of that key; `.storage`.
  package static func take(
    _ io: any DurableIO, key: NoteVerifierKey, attempts: Int = 100
  ) throws(LogError) -> LogSnapshot {
    var failure = LogError.damaged(.absent)
    for _ in 0..<attempts {
      do throws(LogError) {
        if let snapshot = try attempt(io, key) { return snapshot }
      } catch {
        if case .storage = error { throw error }
        failure = error
      }
    }
    throw failure
  }

  /// `nil` when the writer published in between. The write-ahead log is cut only after a newer checkpoint is in place, so
  /// one that is read while the checkpoint stays the same holds everything since.
  private static func attempt(_ io: any DurableIO, _ key: NoteVerifierKey) throws(LogError) -> LogSnapshot? {
    guard let checkpoint = try read(io, checkpointPath) else { throw .damaged(.checkpointMissing) }
    guard let published = try? VerifiedCheckpoint(verifying: checkpoint, by: key) else { throw .damaged(.checkpoint) }
    guard let file = try read(io, writeAheadPath) else { throw .damaged(.walMissing) }
    let scan = try WriteAheadScan(file)
    var edge: [(path: String, bytes: [UInt8])] = []
    for kind in kinds {
      let index = PublishedTree.width(kind, size: published.size) >> 8
      guard let path = PublishedTree.path(kind, index: index, size: published.size)?.path else { continue }
      guard let bytes = try read(io, path) else { return nil }
      edge.append((path, bytes))
    }
    let afterwards = try read(io, checkpointPath)
    guard afterwards == checkpoint else { return nil }
    let end = try end(of: scan, from: published.size, key)
    return LogSnapshot(
      published: published, writeAhead: Array(file.dropLast(scan.droppedBytes)), size: end, edge: edge)
  }

  /// Where the records lead: without a gap, and to a tree that the log's key signed.
  private static func end(
    of scan: WriteAheadScan, from published: UInt64, _ key: NoteVerifierKey
  ) throws(LogError) -> UInt64 {
    guard let first = scan.records.first, let last = scan.records.last, last.end > published else { return published }
    guard first.index <= published else { throw .damaged(.gap(expected: published, found: first.index)) }
    guard let signed = try? VerifiedCheckpoint(verifying: last.checkpoint, by: key), signed.size == last.end else {
      throw .damaged(.walCheckpoint(size: last.end))
    }
    return last.end
  }

  private static func read(_ io: any DurableIO, _ name: String) throws(LogError) -> [UInt8]? {
    do throws(DurableFailure) { return try io.read(name) } catch { throw .storage(error) }
  }

  /// The tiles and bundles that never change any more, below the log's folder.
  package func forEachFullPath(_ body: (String) throws -> Void) rethrows {
    for kind in Self.kinds {
      for index in 0..<(PublishedTree.width(kind, size: published.size) >> 8) {
        try body(TilePath(kind, index: index).path)
      }
    }
  }
}
