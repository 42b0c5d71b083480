package import Bytes
package import SignedNotes

/// The approvers and how many of them must sign. In force from `init`, then only by a statement of old and new together.
///
/// Body: `{"schema":"vouchsafe/quorum/v1","threshold":2,"approvers":["name+id+key",…]}`; 1…32 approvers, each name and
/// each key once.
package struct ApproverQuorum: Equatable, Sendable {
  package static let schema = "vouchsafe/quorum/v1"
  package static let approverLimit = 32

  package let threshold: Int
  package let approvers: [NoteVerifierKey]
  private let policy: QuorumPolicy

  package init(threshold: Int, approvers: [NoteVerifierKey]) throws(StatementError) {
    guard (1...Self.approverLimit).contains(approvers.count),
      approvers.allSatisfy({ $0.algorithm == .ed25519 && BundleText.isName($0.name) }),
      let policy = try? QuorumPolicy(threshold: threshold, of: approvers), policy.leastSigners == threshold
    else { throw .badQuorum }
    self.threshold = threshold
    self.approvers = approvers
    self.policy = policy
  }

  /// Reads the body of a statement, or the file that `init` wrote.
  package init(document: JSONValue) throws(StatementError) {
    let (threshold, texts) = try bodyParsing { () throws(ParseError) in
      var reader = try JSONReader(document, "quorum")
      try reader.schema(Self.schema)
      let found = (try reader.integer("threshold", as: Int.self), try reader.strings("approvers"))
      try reader.finish()
      return found
    }
    var keys: [NoteVerifierKey] = []
    for text in texts {
      do throws(NoteError) { keys.append(try NoteVerifierKey(vkey: text)) } catch { throw .badQuorum }
    }
    try self.init(threshold: threshold, approvers: keys)
  }

  /// Whether no key is in both.
  package func isDisjoint(from other: ApproverQuorum) -> Bool {
    Set(approvers.map(\.publicKey)).isDisjoint(with: other.approvers.map(\.publicKey))
  }

  package var document: JSONValue {
    .object([
      ("schema", .string(Self.schema)), ("threshold", .int(threshold)),
      ("approvers", .strings(approvers.map(\.text))),
    ])
  }

  /// The approvers whose signatures stand under the note, each once.
  /// - Throws: `.note` when a signature that names an approver is wrong.
  func signers(of note: SignedNote) throws(StatementError) -> Set<String> {
    do throws(NoteError) { return try policy.signers(of: note) } catch { throw .note(error) }
  }

  func isSatisfied(by signers: Set<String>) -> Bool { policy.isSatisfied(by: signers) }
}

/// Runs a parser of a statement's body and gives its error this module's type.
func bodyParsing<R>(_ body: () throws(ParseError) -> R) throws(StatementError) -> R {
  do throws(ParseError) { return try body() } catch { throw .malformed(error) }
}
