/// A published tree whose tiles are brought one by one, as they turn out to be needed. Nothing in it is believed: what is
/// made of it is checked by whoever has the roots.
package struct FetchedTree: TreeNodes, Sendable {
  package let size: UInt64
  private var tiles: [TilePath: [MerkleHash]] = [:]

  package init(size: UInt64) { self.size = size }

  /// - Throws: `.damaged(.tile)` when the bytes are not as many hashes as the path says.
  package mutating func add(_ bytes: [UInt8], at path: TilePath) throws(LogError) {
    let stride = MerkleHash.byteCount
    let hashes = (0..<path.width).compactMap { MerkleHash(bytes.dropFirst($0 * stride).prefix(stride)) }
    guard bytes.count == path.width * stride, hashes.count == path.width else { throw .damaged(.tile(path)) }
    tiles[path] = hashes
  }

  /// - Throws: `.damaged(.tileMissing)` with the tile to bring before asking again; `.outOfRange`.
  package mutating func node(height: Int, index: UInt64) throws(LogError) -> MerkleHash {
    let (level, inner) = (height / 8, UInt64(height % 8))
    let start = index << inner
    guard let path = PublishedTree.path(.hashes(level: level), index: start >> 8, size: size) else {
      throw .outOfRange
    }
    guard let hashes = tiles[path] else { throw .damaged(.tileMissing(path)) }
    let offset = Int(start & 255)
    guard offset + (1 << Int(inner)) <= hashes.count else { throw .outOfRange }
    var row = Array(hashes[offset..<offset + (1 << Int(inner))])
    while row.count > 1 { row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) } }
    return row[0]
  }

  /// The hashes that lead from the tree of `old` entries to the whole one, with every tile they need out of `source`.
  package static func consistencyProof(
    from old: UInt64, to new: UInt64, _ source: inout some LogSource
  ) async throws -> ConsistencyProof {
    var tree = FetchedTree(size: new)
    return try await tree.bringing(&source) { tree throws(LogError) in
      try tree.consistencyProof(from: old, to: new)
    }
  }

  /// The hashes that lead from one entry to the root, with every tile they need out of `source`.
  package static func inclusionProof(
    index: UInt64, size: UInt64, _ source: inout some LogSource
  ) async throws -> InclusionProof {
    var tree = FetchedTree(size: size)
    return try await tree.bringing(&source) { tree throws(LogError) in
      try tree.inclusionProof(index: index, size: size)
    }
  }

  /// The root that the tiles give for the first `size` entries.
  package static func root(
    size: UInt64, of published: UInt64, _ source: inout some LogSource
  ) async throws -> MerkleHash {
    var tree = FetchedTree(size: published)
    return try await tree.bringing(&source) { tree throws(LogError) in try tree.root(size: size) }
  }

  /// Asks again after each tile that was missing. A tree has at most 8 levels, and a proof two tiles of each.
  private mutating func bringing<Result>(
    _ source: inout some LogSource, _ body: (inout FetchedTree) throws(LogError) -> Result
  ) async throws -> Result {
    for _ in 0..<64 {
      do throws(LogError) { return try body(&self) } catch .damaged(.tileMissing(let path)) {
        guard let bytes = try await source.file(at: path.path) else { throw AuditFailure.missing(path.path) }
        try add(bytes, at: path)
      }
    }
    throw LogError.proofInvalid
  }
}
