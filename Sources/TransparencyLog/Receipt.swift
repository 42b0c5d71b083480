/// Says that an entry is durable in the log and under a signed checkpoint. Only a commit makes one.
package struct Receipt: Equatable, Sendable {
  package let index: UInt64
  package let entry: [UInt8]
  private let path: [MerkleHash]
  private let checkpoint: [UInt8]

  init(entry: [UInt8], proof: InclusionProof, checkpoint: [UInt8]) {
    index = proof.index
    path = proof.path
    self.entry = entry
    self.checkpoint = checkpoint
  }

  /// A proof file that any holder of the log's key can check offline; its `extra` line is the entry.
  package var tlogProof: [UInt8] {
    TlogProof(entry: entry, index: index, path: path, checkpoint: checkpoint).bytes
  }
}
