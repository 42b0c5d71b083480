package import Bytes
package import SignedNotes

/// Gathers what single witnesses signed into one checkpoint that enough of them signed.
package struct CosignedCheckpoints: Sendable {
  private let key: NoteVerifierKey
  private let policy: QuorumPolicy
  /// The newest checkpoint of each witness, by its name in the policy.
  private var newest: [String: Cosigned] = [:]

  private struct Cosigned: Equatable, Sendable {
    let checkpoint: Checkpoint
    let logSignatures: [NoteSignature]
    let signature: NoteSignature
    let time: Timestamp
  }

  /// A checkpoint with the cosignatures of a quorum.
  package struct Quorum: Equatable, Sendable {
    package let checkpoint: Checkpoint
    /// The signed note with every cosignature that is known.
    package let note: [UInt8]
    /// Of the policy, by its names.
    package let witnesses: [String]
    /// When the first of these cosignatures was made.
    package let time: Timestamp
  }

  package init(key: NoteVerifierKey, policy: QuorumPolicy) {
    self.key = key
    self.policy = policy
  }

  /// Takes a note that the log signed and `member` cosigned; one that is not newer than what is known changes nothing.
  ///
  /// - Returns: its checkpoint, for the log to hold against its own tree.
  /// - Throws: `.note`, `.originMismatch`, `.malformed`: not signed by both.
  @discardableResult
  package mutating func take(_ bytes: [UInt8], of member: QuorumPolicy.Member) throws(LogError) -> Checkpoint {
    let checkpoint = try VerifiedCheckpoint(verifying: bytes, by: key).checkpoint
    let cosigned: Cosigned
    do throws(NoteError) {
      let note = try SignedNote(parsing: bytes)
      let verified = try note.verifiedSignatures(by: [member.key])
      let mine = note.signatures.filter { Self.line($0, isOf: member.key) }
      guard let latest = zip(verified, mine).max(by: { $0.0.time ?? 0 < $1.0.time ?? 0 }), let time = latest.0.time
      else { throw .noKnownSignature }
      cosigned = Cosigned(
        checkpoint: checkpoint, logSignatures: note.signatures.filter { Self.line($0, isOf: key) },
        signature: latest.1, time: time)
    } catch { throw .note(error) }
    if let known = newest[member.name] {
      guard (known.checkpoint.size, known.time) < (checkpoint.size, cosigned.time) else { return checkpoint }
    }
    newest[member.name] = cosigned
    return checkpoint
  }

  /// The newest checkpoint that enough witnesses signed.
  package var quorum: Quorum? {
    let byCheckpoint = Dictionary(grouping: newest, by: \.value.checkpoint)
    return byCheckpoint.values.compactMap(assembled).max { $0.checkpoint.size < $1.checkpoint.size }
  }

  private func assembled(_ signed: [(key: String, value: Cosigned)]) -> Quorum? {
    guard let first = signed.first, policy.isSatisfied(by: Set(signed.map(\.key))),
      var note = try? SignedNote.sign(first.value.checkpoint.text, by: [])
    else { return nil }
    let rows = signed.sorted { $0.key < $1.key }
    do {
      for line in first.value.logSignatures { try note.appendSignature(line) }
      for row in rows { try note.appendSignature(row.value.signature) }
    } catch { return nil }
    return Quorum(
      checkpoint: first.value.checkpoint, note: note.bytes, witnesses: rows.map(\.key),
      time: rows.map(\.value.time).min() ?? 0)
  }

  private static func line(_ line: NoteSignature, isOf key: NoteVerifierKey) -> Bool {
    line.keyID == key.keyID && line.name.utf8.elementsEqual(key.name.utf8)
  }
}
