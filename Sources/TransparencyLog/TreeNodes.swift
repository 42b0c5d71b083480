/// Where the complete subtrees of a tree can be read.
package protocol TreeNodes {
  /// The root of the complete subtree over leaves `index << height ..< (index + 1) << height`.
  mutating func node(height: Int, index: UInt64) throws(LogError) -> MerkleHash
}

/// Proofs out of complete subtrees. The tree must hold at least `size` leaves.
extension TreeNodes {
  package mutating func root(size: UInt64) throws(LogError) -> MerkleHash {
    size == 0 ? .emptyTree : try subtree(from: 0, to: size)
  }

  package mutating func inclusionProof(index: UInt64, size: UInt64) throws(LogError) -> InclusionProof {
    guard index < size else { throw .outOfRange }
    var (low, high) = (UInt64(0), size)
    var path: [MerkleHash] = []
    while high - low > 1 {
      let middle = low + largestPowerOfTwo(below: high - low)
      if index < middle {
        path.append(try subtree(from: middle, to: high))
        high = middle
      } else {
        path.append(try subtree(from: low, to: middle))
        low = middle
      }
    }
    return InclusionProof(index: index, size: size, path: path.reversed())
  }

  package mutating func consistencyProof(from oldSize: UInt64, to newSize: UInt64) throws(LogError) -> ConsistencyProof
  {
    guard oldSize <= newSize else { throw .outOfRange }
    var (low, high) = (UInt64(0), newSize)
    var path: [MerkleHash] = []
    while oldSize > 0, high != oldSize {
      let middle = low + largestPowerOfTwo(below: high - low)
      if oldSize <= middle {
        path.append(try subtree(from: middle, to: high))
        high = middle
      } else {
        path.append(try subtree(from: low, to: middle))
        low = middle
      }
    }
    if oldSize > 0, low > 0 { path.append(try subtree(from: low, to: high)) }
    return ConsistencyProof(oldSize: oldSize, newSize: newSize, path: path.reversed())
  }

  /// The hash over leaves `low ..< high`, where `low` is a multiple of a power of two that is at least `high - low`.
  private mutating func subtree(from low: UInt64, to high: UInt64) throws(LogError) -> MerkleHash {
    let size = high - low
    var hash: MerkleHash?
    for height in 0..<64 where size >> height & 1 == 1 {
      let left = try node(height: height, index: (low >> height) + (size >> height) - 1)
      hash = hash.map { .node(left, $0) } ?? left
    }
    guard let hash else { throw .outOfRange }
    return hash
  }

  private func largestPowerOfTwo(below size: UInt64) -> UInt64 { 1 << (63 - (size - 1).leadingZeroBitCount) }
}
