import Bytes
package import SignedNotes

/// A file that shows offline that an entry is in a log. Unverified until `verify` has been asked.
///
/// Shape: `c2sp.org/tlog-proof@v1`, `extra <base64>` (optional), `index <n>`, path hashes one a line, an empty line, the signed
/// checkpoint. `extra` of ours holds the entry itself. Spec: C2SP tlog-proof.
package struct TlogProof: Equatable, Sendable {
  package static let limitBytes = 3 << 16
  private static let header = "c2sp.org/tlog-proof@v1"

  /// The entry, by our use of the field; not authenticated by itself.
  package let extra: [UInt8]?
  package let index: UInt64
  package let path: [MerkleHash]
  /// The signed note, verbatim.
  package let checkpoint: [UInt8]

  package init(entry: [UInt8]?, index: UInt64, path: [MerkleHash], checkpoint: [UInt8]) {
    self.extra = entry
    self.index = index
    self.path = path
    self.checkpoint = checkpoint
  }

  package init(parsing bytes: [UInt8]) throws(LogError) {
    guard bytes.count <= Self.limitBytes else { throw .malformed(ParseError("proof", .tooLong)) }
    var rest = bytes[...]
    guard try Self.line(&rest).elementsEqual(Self.header.utf8) else {
      throw .malformed(ParseError("proof.header", .unexpected))
    }
    var line = try Self.line(&rest)
    extra = try Self.extra(line)
    if extra != nil { line = try Self.line(&rest) }
    guard line.starts(with: "index ".utf8) else { throw .malformed(ParseError("proof.index", .missing)) }
    index = try Checkpoint.decimal(line.dropFirst(6), "proof.index")
    var path: [MerkleHash] = []
    line = try Self.line(&rest)
    while !line.isEmpty {
      guard path.count < 64 else { throw .malformed(ParseError("proof.path", .tooLong)) }
      path.append(try MerkleHash(parsing: line, "proof.path"))
      line = try Self.line(&rest)
    }
    self.path = path
    checkpoint = Array(rest)
    let note: SignedNote
    do throws(NoteError) { note = try SignedNote(parsing: checkpoint) } catch { throw .note(error) }
    _ = try Checkpoint(parsing: note.text)
  }

  package var bytes: [UInt8] {
    var text = Self.header + "\n"
    if let extra { text += "extra \(Base64.encode(extra))\n" }
    text += "index \(index)\n" + path.map { $0.base64 + "\n" }.joined() + "\n"
    return Array(text.utf8) + checkpoint
  }

  /// The entry that the log of `key` holds at `index`, with the checkpoint that shows it.
  ///
  /// - Parameter entry: what the entry must be; `nil` takes it from `extra`.
  /// - Throws: `.proofInvalid` when there is no entry or the hashes do not meet; what `VerifiedCheckpoint` throws.
  package func verify(
    by key: NoteVerifierKey, policy: QuorumPolicy? = nil, entry expected: [UInt8]? = nil
  ) throws(LogError) -> (entry: [UInt8], checkpoint: VerifiedCheckpoint) {
    let signed = try VerifiedCheckpoint(verifying: checkpoint, by: key, policy: policy)
    guard let entry = expected ?? extra else { throw .proofInvalid }
    let proof = InclusionProof(index: index, size: signed.size, path: path)
    try proof.verify(leaf: .leaf(entry), root: signed.root)
    return (entry, signed)
  }

  private static func line(_ rest: inout ArraySlice<UInt8>) throws(LogError) -> ArraySlice<UInt8> {
    guard let end = rest.firstIndex(of: 0x0A) else { throw .malformed(ParseError("proof", .truncated)) }
    defer { rest = rest[(end + 1)...] }
    return rest[..<end]
  }

  private static func extra(_ line: ArraySlice<UInt8>) throws(LogError) -> [UInt8]? {
    guard line.starts(with: "extra ".utf8) else { return nil }
    do throws(ParseError) {
      return try Base64.decode(Array(line.dropFirst(6)), .standard, "proof.extra")
    } catch { throw .malformed(error) }
  }
}
