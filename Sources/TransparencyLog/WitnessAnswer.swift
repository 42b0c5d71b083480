import Bytes
package import SignedNotes

/// What a witness said to a request. Its signatures are unverified.
package enum WitnessAnswer: Equatable, Sendable {
  /// One or more signature lines; at least one should be a cosignature of the witness's.
  case signed([NoteSignature])
  /// It knows the tree of this size: ask again from there.
  case stale(held: UInt64)
  /// The proof or the root is not what the witness knows: two histories, or a proof that is wrong.
  case inconsistent
  case refused(status: Int)

  package static let limitBytes = 1 << 14

  /// - Throws: `.malformed` for a body that is not what its status says; `.note` for a line that is no signature.
  package init(status: Int, body: [UInt8]) throws(LogError) {
    switch status {
    case 200: self = .signed(try Self.signatures(body))
    case 409:
      guard body.last == 0x0A else { throw .malformed(ParseError("witness.size", .truncated)) }
      self = .stale(held: try Checkpoint.decimal(body.dropLast(), "witness.size"))
    case 422: self = .inconsistent
    default: self = .refused(status: status)
    }
  }

  private static func signatures(_ body: [UInt8]) throws(LogError) -> [NoteSignature] {
    guard body.count <= limitBytes else { throw .malformed(ParseError("witness.signatures", .tooLong)) }
    guard body.last == 0x0A else { throw .malformed(ParseError("witness.signatures", .truncated)) }
    let lines = body.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count <= SignedNote.limitSignatures else {
      throw .malformed(ParseError("witness.signatures", .tooLong))
    }
    var signatures: [NoteSignature] = []
    for line in lines {
      do throws(NoteError) { signatures.append(try NoteSignature(parsing: line)) } catch { throw .note(error) }
    }
    return signatures
  }
}
