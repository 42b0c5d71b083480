extension TilePath {
  /// The unfinished tile of each level of a tree of `size` entries, lowest level first.
  package static func edge(ofSize size: UInt64) -> [TilePath] {
    (0..<8).compactMap { level in partial(.hashes(level: level), size) }
  }

  /// The unfinished tiles and the unfinished bundle.
  package static func partials(ofSize size: UInt64) -> [TilePath] {
    edge(ofSize: size) + [partial(.entries, size)].compactMap { $0 }
  }

  private static func partial(_ kind: Kind, _ size: UInt64) -> TilePath? {
    let width = PublishedTree.width(kind, size: size)
    return PublishedTree.path(kind, index: width >> 8, size: size)
  }
}
