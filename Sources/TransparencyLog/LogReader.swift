/// What anybody may read of the log: the published checkpoint and the files that belong to it. A value; any thread.
package struct LogReader: Sendable {
  private let io: any DurableIO
  private let published: VerifiedCheckpoint?

  init(_ io: any DurableIO, published: VerifiedCheckpoint?) {
    self.io = io
    self.published = published
  }

  /// The published signed checkpoint; `nil` before the first publication.
  package var checkpoint: [UInt8]? { published?.bytes }
  package var size: UInt64 { published?.size ?? 0 }

  /// The file under a path of C2SP tlog-tiles (`checkpoint`, `tile/…`, `tile/entries/…`), or `nil` when the log has none.
  ///
  /// A partial tile of any earlier size is the beginning of the one that stands here. Nothing beyond the published
  /// checkpoint is served, whatever the directory holds.
  /// - Throws: `.storage`, `.damaged`.
  package func file(at path: String) throws(LogError) -> [UInt8]? {
    if path == LogFile.checkpoint { return checkpoint }
    guard let asked = TilePath(path), let here = PublishedTree.path(asked.kind, index: asked.index, size: size),
      asked.width <= here.width
    else { return nil }
    guard let bytes = try read(here) else { throw .damaged(.tileMissing(here)) }
    if asked.width == here.width { return bytes }
    switch asked.kind {
    case .hashes: return Array(bytes.prefix(asked.width * MerkleHash.byteCount))
    case .entries: return EntryBundle.prefix(bytes, count: asked.width)
    }
  }

  private func read(_ path: TilePath) throws(LogError) -> [UInt8]? {
    do throws(DurableFailure) { return try io.read(path.path) } catch { throw .storage(error) }
  }
}
