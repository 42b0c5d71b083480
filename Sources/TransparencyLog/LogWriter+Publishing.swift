/// Tiles and bundles out of the right edge.
extension LogWriter {
  /// Writes every tile and bundle that is new or wider since `oldSize`.
  mutating func placeTiles(from oldSize: UInt64) throws(DurableFailure) {
    for path in newPaths(.entries, from: oldSize) {
      let first = Int(path.index * 256 - entriesStart)
      try files.place(EntryBundle.encode(entries[first..<first + path.width]), at: path.path)
    }
    for level in 0..<8 {
      for path in newPaths(.hashes(level: level), from: oldSize) {
        let start = path.index * 256
        // The edge holds everything since the last full published tile; a gap would be our own error.
        guard let hashes = tree.hashes(level: level, start..<start + UInt64(path.width)) else {
          throw DurableFailure(.write, 0)
        }
        try files.place(hashes.flatMap(\.bytes), at: path.path)
      }
    }
  }

  private func newPaths(_ kind: TilePath.Kind, from oldSize: UInt64) -> [TilePath] {
    let old = PublishedTree.width(kind, size: oldSize)
    let new = PublishedTree.width(kind, size: size)
    guard new > old else { return [] }
    return (old >> 8...new >> 8).compactMap { PublishedTree.path(kind, index: $0, size: size) }
  }

  /// Partial files of the old size that a wider one replaces.
  func stalePartials(in sizes: Range<UInt64>) -> [TilePath] {
    let kinds = [.entries] + (0..<8).map { TilePath.Kind.hashes(level: $0) }
    return kinds.compactMap { kind in
      let old = PublishedTree.width(kind, size: sizes.lowerBound)
      guard PublishedTree.width(kind, size: sizes.upperBound) > old else { return nil }
      let path = PublishedTree.path(kind, index: old >> 8, size: sizes.lowerBound)
      return path?.isFull == false ? path : nil
    }
  }
}
