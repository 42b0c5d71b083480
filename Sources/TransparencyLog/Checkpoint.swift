import Bytes
package import SignedNotes

/// One state of a log: whose, how many entries, which root. Vouched for by nobody until it comes out of a verified note.
///
/// Shape: `<origin>\n<size>\n<base64 root>\n`, no further lines. Spec: C2SP tlog-checkpoint; stricter in that extension lines
/// are refused.
package struct Checkpoint: Hashable, Sendable {
  package let origin: String
  package let size: UInt64
  package let root: MerkleHash

  package init(origin: String, size: UInt64, root: MerkleHash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  package init(parsing text: String) throws(LogError) {
    let lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count >= 4 else { throw .malformed(ParseError("checkpoint", .truncated)) }
    guard lines.count == 4, lines[3].isEmpty else { throw .malformed(ParseError("checkpoint", .trailing)) }
    origin = String(decoding: lines[0], as: UTF8.self)
    guard !origin.isEmpty else { throw .malformed(ParseError("checkpoint.origin", .missing)) }
    size = try Self.decimal(lines[1], "checkpoint.size")
    root = try MerkleHash(parsing: lines[2], "checkpoint.root")
  }

  package var text: String { "\(origin)\n\(size)\n\(root.base64)\n" }

  package func signed(by signer: NoteSigner) throws(LogError) -> [UInt8] {
    do throws(NoteError) { return try SignedNote.sign(text, by: [signer]).bytes } catch { throw .note(error) }
  }

  /// A decimal number as the formats write it: ASCII digits, no leading zero.
  static func decimal(_ text: ArraySlice<UInt8>, _ field: StaticString) throws(LogError) -> UInt64 {
    let digits = String(decoding: text, as: UTF8.self)
    guard let number = UInt64(digits), String(number).utf8.elementsEqual(text) else {
      throw .malformed(ParseError(field, .notCanonical))
    }
    return number
  }
}

/// A checkpoint that its log signed, with every witness that a caller asked for.
package struct VerifiedCheckpoint: Hashable, Sendable {
  package let checkpoint: Checkpoint
  /// The signed note, verbatim.
  package let bytes: [UInt8]
  /// Names of the policy's witnesses that cosigned.
  package let witnesses: Set<String>

  package var size: UInt64 { checkpoint.size }
  package var root: MerkleHash { checkpoint.root }

  /// - Throws: `.note` when the note is malformed, the log did not sign it, or a known witness signed wrongly;
  ///   `.note(.noKnownSignature)` also when the witnesses that signed are too few for `policy`; `.originMismatch` when the
  ///   first line is not the key's name.
  package init(verifying bytes: [UInt8], by key: NoteVerifierKey, policy: QuorumPolicy? = nil) throws(LogError) {
    let note: SignedNote
    do throws(NoteError) {
      note = try SignedNote(parsing: bytes)
      _ = try note.verified(by: [key])
      witnesses = try policy?.signers(of: note) ?? []
    } catch { throw .note(error) }
    guard policy?.isSatisfied(by: witnesses) != false else { throw .note(.noKnownSignature) }
    checkpoint = try Checkpoint(parsing: note.text)
    guard checkpoint.origin.utf8.elementsEqual(key.name.utf8) else { throw .originMismatch }
    self.bytes = bytes
  }
}
