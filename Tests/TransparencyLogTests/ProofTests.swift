import Bytes
import Testing
import TransparencyLog

struct ProofTests {
  @Test func rootsAreThoseOfTheVectors() throws {
    for (size, root) in Vector.roots where size < 300 {
      var tree = PlainTree(entries(0..<size))
      #expect(try tree.root(size: UInt64(size)).base64 == root)
    }
    var empty = PlainTree([])
    #expect(try empty.root(size: 0) == .emptyTree)
    #expect(MerkleHash.emptyTree.base64 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
  }

  @Test func proofsAreThoseOfTheVectors() throws {
    var tree = PlainTree(entries(0..<7))
    #expect(try tree.inclusionProof(index: 2, size: 7).path.map(\.base64) == Vector.inclusion2of7)
    #expect(try tree.consistencyProof(from: 3, to: 7).path.map(\.base64) == Vector.consistency3to7)
    #expect(try tree.consistencyProof(from: 4, to: 7).path.map(\.base64) == Vector.consistency4to7)
  }

  @Test func everyInclusionProofHoldsForItsLeafAndPlaceOnly() throws {
    var tree = PlainTree(entries(0..<70))
    var refused = 0
    for size in 1...UInt64(69) {
      let root = try tree.root(size: size)
      for index in 0..<size {
        let proof = try tree.inclusionProof(index: index, size: size)
        let leaf = tree.leaves[Int(index)]
        try proof.verify(leaf: leaf, root: root)
        for bad in mutations(of: proof) {
          #expect(throws: LogError.proofInvalid) { try bad.verify(leaf: leaf, root: root) }
          refused += 1
        }
        #expect(throws: LogError.proofInvalid) { try proof.verify(leaf: .leaf([]), root: root) }
        #expect(throws: LogError.proofInvalid) { try proof.verify(leaf: leaf, root: .emptyTree) }
      }
    }
    #expect(refused > 30_000)
  }

  @Test func everyConsistencyProofHoldsForItsTreesOnly() throws {
    var tree = PlainTree(entries(0..<70))
    let roots = try (0...UInt64(69)).map { size in try tree.root(size: size) }
    for new in 0...UInt64(69) {
      for old in 0...new {
        let proof = try tree.consistencyProof(from: old, to: new)
        let (oldRoot, newRoot) = (roots[Int(old)], roots[Int(new)])
        try proof.verify(oldRoot: oldRoot, newRoot: newRoot)
        for bad in mutations(of: proof) {
          #expect(throws: LogError.proofInvalid, "\(old) to \(new)") {
            try bad.verify(oldRoot: oldRoot, newRoot: newRoot)
          }
        }
        let other = MerkleHash.leaf([])
        #expect(throws: LogError.proofInvalid) { try proof.verify(oldRoot: other, newRoot: newRoot) }
        if old > 0 { #expect(throws: LogError.proofInvalid) { try proof.verify(oldRoot: oldRoot, newRoot: other) } }
      }
    }
  }

  @Test func aProofThatEndsBelowTheTopIsRefused() throws {
    var tree = PlainTree(entries(0..<4))
    let root = try tree.root(size: 4)
    let proof = try tree.inclusionProof(index: 0, size: 4)
    for size in 5...UInt64(9) {
      let claimed = InclusionProof(index: 0, size: size, path: proof.path)
      #expect(throws: LogError.proofInvalid) { try claimed.verify(leaf: tree.leaves[0], root: root) }
      let same = ConsistencyProof(oldSize: 4, newSize: size, path: [])
      #expect(throws: LogError.proofInvalid) { try same.verify(oldRoot: root, newRoot: root) }
    }
  }

  @Test func aProofThatGoesOnAboveTheTopIsRefused() throws {
    let hashes = (0..<5).map { MerkleHash.leaf([$0]) }
    let above = InclusionProof(index: 0, size: 1, path: [hashes[1]])
    #expect(throws: LogError.proofInvalid) {
      try above.verify(leaf: hashes[0], root: .node(hashes[1], hashes[0]))
    }
    let pair = MerkleHash.node(hashes[0], hashes[1])
    let (old, new) = (MerkleHash.node(pair, hashes[2]), MerkleHash.node(pair, .node(hashes[2], hashes[3])))
    let path = [hashes[2], hashes[3], pair]
    try ConsistencyProof(oldSize: 3, newSize: 4, path: path).verify(oldRoot: old, newRoot: new)
    let higher = ConsistencyProof(oldSize: 3, newSize: 4, path: path + [hashes[4]])
    #expect(throws: LogError.proofInvalid) {
      try higher.verify(oldRoot: .node(hashes[4], old), newRoot: .node(hashes[4], new))
    }
  }

  @Test func aProofOutsideTheTreeIsNotMade() {
    var tree = PlainTree(entries(0..<7))
    #expect(throws: LogError.outOfRange) { try tree.inclusionProof(index: 7, size: 7) }
    #expect(throws: LogError.outOfRange) { try tree.inclusionProof(index: 0, size: 0) }
    #expect(throws: LogError.outOfRange) { try tree.consistencyProof(from: 8, to: 7) }
  }

  @Test func aProofOfTheLargestTreeEnds() {
    let long = InclusionProof(index: .max - 1, size: .max, path: Array(repeating: .emptyTree, count: 64))
    #expect(throws: LogError.proofInvalid) { try long.verify(leaf: .emptyTree, root: .emptyTree) }
    let wide = ConsistencyProof(oldSize: .max - 1, newSize: .max, path: Array(repeating: .emptyTree, count: 70))
    #expect(throws: LogError.proofInvalid) { try wide.verify(oldRoot: .emptyTree, newRoot: .emptyTree) }
  }

  private func mutations(of proof: InclusionProof) -> [InclusionProof] {
    var made = paths(proof.path).map { InclusionProof(index: proof.index, size: proof.size, path: $0) }
    made.append(InclusionProof(index: proof.index ^ 1, size: proof.size, path: proof.path))
    made.append(InclusionProof(index: proof.index + proof.size, size: proof.size, path: proof.path))
    return made
  }

  private func mutations(of proof: ConsistencyProof) -> [ConsistencyProof] {
    paths(proof.path).map { ConsistencyProof(oldSize: proof.oldSize, newSize: proof.newSize, path: $0) }
  }

  /// Every path that differs in one hash, one bit, or by one hash more or less.
  private func paths(_ path: [MerkleHash]) -> [[MerkleHash]] {
    var made: [[MerkleHash]] = [path + [.emptyTree], [.emptyTree] + path]
    for place in path.indices {
      var bytes = path[place].bytes
      bytes[place % 32] ^= 0x80
      made.append(replacing(path, place, with: MerkleHash(bytes).map { [$0] } ?? []))
      made.append(replacing(path, place, with: []))
      if place > 0, path[place] != path[place - 1] {
        var swapped = path
        swapped.swapAt(place, place - 1)
        made.append(swapped)
      }
    }
    return made
  }

  private func replacing(_ path: [MerkleHash], _ place: Int, with new: [MerkleHash]) -> [MerkleHash] {
    Array(path[..<place]) + new + Array(path[(place + 1)...])
  }
}
