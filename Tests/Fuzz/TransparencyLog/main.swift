import FuzzDriver
import TransparencyLog

// What a log's server, a mirror or a key's proof may hold: each has one form.
fuzz { input in
  if let proof = try? TlogProof(parsing: input) {
    precondition(proof.bytes == input, "a proof with two forms")
    let claimed = InclusionProof(index: proof.index, size: .max, path: proof.path)
    precondition((try? claimed.verify(leaf: .leaf(input), root: .emptyTree)) == nil, "a proof of nothing")
  }
  if let entries = try? EntryBundle.decode(input) {
    precondition(EntryBundle.encode(entries) == input, "a bundle with two forms")
  }
  guard let text = String(validating: input, as: UTF8.self) else { return }
  if let checkpoint = try? Checkpoint(parsing: text) {
    precondition(Array(checkpoint.text.utf8) == input, "a checkpoint with two forms")
  }
  if let tile = TilePath(text) { precondition(Array(tile.path.utf8) == input, "a path with two forms") }
}
