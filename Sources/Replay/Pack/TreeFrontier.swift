import Cryptography
package import TransparencyLog

/// The roots of the complete subtrees of a tree, the largest first: all that is needed to go on from there. The auditor's
/// own, beside the tree that the log's writer keeps. Spec: RFC 6962 §2.1.
package struct TreeFrontier: Equatable, Sendable {
  package private(set) var size: UInt64
  /// One for each 1 in the binary form of `size`.
  private var subtrees: [[UInt8]]

  package init() { (size, subtrees) = (0, []) }

  /// `nil` when the bytes are not as many hashes as a tree of `size` entries has complete subtrees.
  package init?(size: UInt64, _ bytes: [UInt8]) {
    guard bytes.count == 32 * size.nonzeroBitCount else { return nil }
    self.size = size
    subtrees = stride(from: 0, to: bytes.count, by: 32).map { Array(bytes[$0..<$0 + 32]) }
  }

  package var bytes: [UInt8] { subtrees.flatMap { $0 } }

  package mutating func add(_ entry: [UInt8]) {
    var hash = Hash.sha256.digest([0] + entry)
    var rest = size
    while rest & 1 == 1 {
      hash = Self.node(subtrees.removeLast(), hash)
      rest >>= 1
    }
    subtrees.append(hash)
    size += 1
  }

  package var root: MerkleHash {
    guard let last = subtrees.last else { return .emptyTree }
    return MerkleHash(subtrees.dropLast().reversed().reduce(last) { Self.node($1, $0) }) ?? .emptyTree
  }

  private static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { Hash.sha256.digest([1] + left + right) }
}
