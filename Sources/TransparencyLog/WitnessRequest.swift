import Bytes
import SignedNotes

/// What a log asks of a witness: to sign this checkpoint, given that the witness knows the tree of `oldSize`. Unverified.
///
/// Shape: `old <size>\n`, at most 63 base64 hashes one a line, an empty line, the signed checkpoint. Spec: C2SP tlog-witness,
/// "add-checkpoint".
package struct WitnessRequest: Equatable, Sendable {
  package static let limitHashes = 63
  /// The longest note, 63 hashes of 45 bytes, and the first line.
  package static let limitBytes = SignedNote.limitBytes + limitHashes * 45 + 32

  package let oldSize: UInt64
  package let proof: [MerkleHash]
  /// The signed note, verbatim.
  package let checkpoint: [UInt8]

  package init(oldSize: UInt64, proof: [MerkleHash], checkpoint: [UInt8]) {
    self.oldSize = oldSize
    self.proof = proof
    self.checkpoint = checkpoint
  }

  package init(parsing bytes: [UInt8]) throws(LogError) {
    guard bytes.count <= Self.limitBytes else { throw .malformed(ParseError("witness.request", .tooLong)) }
    var rest = bytes[...]
    let first = try Self.line(&rest)
    guard first.starts(with: "old ".utf8) else { throw .malformed(ParseError("witness.old", .missing)) }
    oldSize = try Checkpoint.decimal(first.dropFirst(4), "witness.old")
    var proof: [MerkleHash] = []
    var line = try Self.line(&rest)
    while !line.isEmpty {
      guard proof.count < Self.limitHashes else { throw .malformed(ParseError("witness.proof", .tooLong)) }
      proof.append(try MerkleHash(parsing: line, "witness.proof"))
      line = try Self.line(&rest)
    }
    self.proof = proof
    checkpoint = Array(rest)
  }

  package var bytes: [UInt8] {
    Array(("old \(oldSize)\n" + proof.map { $0.base64 + "\n" }.joined() + "\n").utf8) + checkpoint
  }

  private static func line(_ rest: inout ArraySlice<UInt8>) throws(LogError) -> ArraySlice<UInt8> {
    guard let end = rest.firstIndex(of: 0x0A) else { throw .malformed(ParseError("witness.request", .truncated)) }
    defer { rest = rest[(end + 1)...] }
    return rest[..<end]
  }
}
