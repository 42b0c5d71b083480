/// The hashes that show that a tree is the beginning of a later one. Proves nothing until `verify` has been asked.
///
/// Spec: RFC 6962 §2.1.2; checked as RFC 9162 §2.1.4.2 does.
package struct ConsistencyProof: Equatable, Sendable {
  package let oldSize: UInt64
  package let newSize: UInt64
  package let path: [MerkleHash]

  package init(oldSize: UInt64, newSize: UInt64, path: [MerkleHash]) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.path = path
  }

  /// - Throws: `.proofInvalid` unless the tree of `oldRoot` is the beginning of the tree of `newRoot`.
  package func verify(oldRoot: MerkleHash, newRoot: MerkleHash) throws(LogError) {
    guard oldSize <= newSize else { throw .proofInvalid }
    guard oldSize > 0, oldSize < newSize else {
      let known = oldSize == 0 ? MerkleHash.emptyTree : newRoot
      guard path.isEmpty, oldRoot == known else { throw .proofInvalid }
      return
    }
    let hashes = oldSize & (oldSize - 1) == 0 ? [oldRoot] + path : path
    guard let first = hashes.first else { throw .proofInvalid }
    var (place, last) = (oldSize - 1, newSize - 1)
    while place & 1 == 1 { (place, last) = (place >> 1, last >> 1) }
    var (old, new) = (first, first)
    for hash in hashes.dropFirst() {
      guard last != 0 else { throw .proofInvalid }
      if place & 1 == 1 || place == last {
        (old, new) = (.node(hash, old), .node(hash, new))
        while place & 1 == 0 && place != 0 { (place, last) = (place >> 1, last >> 1) }
      } else {
        new = .node(new, hash)
      }
      (place, last) = (place >> 1, last >> 1)
    }
    guard last == 0, old == oldRoot, new == newRoot else { throw .proofInvalid }
  }
}
