import Appraisal
import Bytes
import FuzzDriver
import KBSProtocol
import Replay

// What an auditor reads of a log and of what was stored with it has one form each: what was read is what was written.
fuzz { input in
  if let leaf = try? LogLeaf(parsing: input) {
    precondition(CanonicalJSON.encode(leaf.document) == input, "a leaf with two texts")
    precondition((leaf.type == "decision") == (leaf.decision != nil), "a decision that is none")
  }
  if let record = try? StoredAttestation(parsing: input) {
    precondition(record.refvalues.count == 32 && record.policy.count == 32, "a digest of another length")
  }
  // Two documents, one a line: their canonical form has no line breaks.
  let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
  if lines.count == 2, let stored = try? StoredReferences(refvalues: lines[0], policy: lines[1]) {
    if stored.wanted.isEmpty, let values = try? stored.values(with: [:]) {
      let again = ReferenceRecord(values)
      precondition(again.document == lines[0] && again.policy == lines[1], "values with two documents")
    }
  }
  _ = try? NameOpenings(parsing: input)
}
