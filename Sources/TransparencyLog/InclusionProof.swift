/// The hashes beside the way from one leaf to the root. Proves nothing until `verify` has been asked.
///
/// Spec: RFC 6962 §2.1.1; checked as RFC 9162 §2.1.3.2 does.
package struct InclusionProof: Equatable, Sendable {
  package let index: UInt64
  package let size: UInt64
  /// From the leaf's sibling up; at most 64.
  package let path: [MerkleHash]

  package init(index: UInt64, size: UInt64, path: [MerkleHash]) {
    self.index = index
    self.size = size
    self.path = path
  }

  /// - Throws: `.proofInvalid` unless `leaf` stands at `index` of the tree of `size` entries whose root is `root`.
  package func verify(leaf: MerkleHash, root: MerkleHash) throws(LogError) {
    guard index < size else { throw .proofInvalid }
    var place = index
    var last = size - 1
    var hash = leaf
    for sibling in path {
      guard last != 0 else { throw .proofInvalid }
      if place & 1 == 1 || place == last {
        hash = .node(sibling, hash)
        while place & 1 == 0 && place != 0 { (place, last) = (place >> 1, last >> 1) }
      } else {
        hash = .node(hash, sibling)
      }
      (place, last) = (place >> 1, last >> 1)
    }
    guard last == 0, hash == root else { throw .proofInvalid }
  }
}
