/// The right edge of the tree in memory: every complete subtree from the last published tiles on, at every height.
///
/// One leaf costs one hash and, on average, one more. The nodes to the left stand in published tiles.
struct GrowingTree: Sendable {
  /// Complete subtrees of one height, from index `first` on.
  private struct Row: Sendable {
    var first: UInt64
    var hashes: [MerkleHash] = []

    func hash(at index: UInt64) -> MerkleHash? {
      index >= first && index - first < UInt64(hashes.count) ? hashes[Int(index - first)] : nil
    }
  }

  private(set) var size: UInt64
  private var rows: [Row]

  init() {
    size = 0
    rows = []
  }

  /// - Parameter partialTiles: for each level that has a hash at this size, the hashes of its unfinished tile (0 … 255).
  init(size: UInt64, partialTiles: [[MerkleHash]]) {
    self.size = size
    rows = []
    for (level, hashes) in partialTiles.enumerated() {
      let start = size >> (8 * UInt64(level)) & ~255
      for height in 0..<8 { rows.append(Row(first: start >> UInt64(height))) }
      for (offset, hash) in hashes.enumerated() {
        push(hash, at: start + UInt64(offset), height: 8 * level, below: 8 * level + 8)
      }
    }
  }

  mutating func append(_ leaf: MerkleHash) {
    push(leaf, at: size, height: 0, below: 64)
    size += 1
  }

  private mutating func push(_ hash: MerkleHash, at index: UInt64, height: Int, below limit: Int) {
    var (hash, index, height) = (hash, index, height)
    while height < limit {
      if height == rows.count { rows.append(Row(first: index)) }
      rows[height].hashes.append(hash)
      guard index & 1 == 1, let left = rows[height].hash(at: index - 1) else { return }
      hash = .node(left, hash)
      (index, height) = (index >> 1, height + 1)
    }
  }

  func node(height: Int, index: UInt64) -> MerkleHash? {
    height < rows.count ? rows[height].hash(at: index) : nil
  }

  /// Hashes of a tile level, when all of them are here.
  func hashes(level: Int, _ range: Range<UInt64>) -> [MerkleHash]? {
    var found: [MerkleHash] = []
    for index in range {
      guard let hash = node(height: 8 * level, index: index) else { return nil }
      found.append(hash)
    }
    return found
  }

  /// Forgets what full published tiles hold.
  mutating func trim(toTilesOf publishedSize: UInt64) {
    for height in rows.indices {
      let start = (publishedSize >> UInt64(height & ~7) & ~255) >> UInt64(height & 7)
      guard start > rows[height].first else { continue }
      rows[height].hashes.removeFirst(min(rows[height].hashes.count, Int(start - rows[height].first)))
      rows[height].first = start
    }
  }
}
