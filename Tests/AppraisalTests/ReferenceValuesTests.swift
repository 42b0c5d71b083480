import Bytes
import Cryptography
import SignedNotes
import Testing

@testable import Appraisal

struct ReferenceValuesTests {
  private let alice = 0
  private let bob = 1
  private let carol = 2

  private func empty(_ threshold: Int = 2) throws -> ReferenceValues {
    ReferenceValues(quorum: try Sample.quorum(threshold))
  }

  private let reason = StatementContent.revocationBody(reason: "test")

  @Test func aBundleComesIntoForceByAQuorumOnly() throws {
    let values = try empty()
    for signers in [[alice, bob], [bob, carol], [alice, bob, carol]] {
      let next = try values.taking(.reference, "llama", Sample.bundle(), by: signers)
      #expect(next.bundles["llama"]?.version == 1)
      #expect(next.epoch == 1)
    }
    for signers in [[], [alice], [alice, alice]] {
      #expect(throws: StatementError.quorumTooFew(signed: Set(signers).count)) {
        try values.taking(.reference, "llama", Sample.bundle(), by: signers)
      }
    }
  }

  @Test func withoutApproversNoStatementIsEverTaken() throws {
    let values = ReferenceValues(quorum: nil)
    #expect(throws: StatementError.noApprovers) {
      try values.taking(.reference, "llama", Sample.bundle(), by: [alice, bob, carol])
    }
    #expect(throws: StatementError.noApprovers) { try values.revoking("everything", by: [alice]) }
  }

  @Test func strangersCountForNothing() throws {
    let values = try empty()
    let statement = values.next(.reference, "llama", Sample.bundle())
    let strangers = [try Sample.signer("mallory", seed: 66), try Sample.signer("alice", seed: 67)]
    let signed = try statement.signed(by: strangers + [try Sample.approvers()[alice]])
    #expect(throws: StatementError.quorumTooFew(signed: 1)) { try values.applying(signed, at: Sample.now) }
    let enough = try statement.signed(by: strangers + Array(try Sample.approvers().prefix(2)))
    #expect(throws: Never.self) { try values.applying(enough, at: Sample.now) }
  }

  @Test func theSameSignatureTwiceIsOneApprover() throws {
    let values = try empty()
    let statement = values.next(.reference, "llama", Sample.bundle())
    let line = try Sample.approvers()[alice].sign(statement.text).line
    let bytes = Array((statement.text + "\n" + line + line).utf8)
    #expect(throws: StatementError.self) { try values.applying(try SignedStatement(parsing: bytes), at: Sample.now) }
  }

  @Test func aSignatureOfAnotherTextRefusesTheNote() throws {
    let values = try empty()
    let statement = values.next(.reference, "llama", Sample.bundle())
    let other = values.next(.reference, "llama", Sample.plainBundle())
    let approvers = try Sample.approvers()
    var signed = try statement.signed(by: [approvers[alice], approvers[bob]])
    #expect(throws: Never.self) { try values.applying(signed, at: Sample.now) }
    let bytes = signed.bytes + Array(approvers[carol].sign(other.text).line.utf8)
    signed = try SignedStatement(parsing: bytes)
    #expect(throws: StatementError.note(.badSignature)) { try values.applying(signed, at: Sample.now) }
  }

  @Test func aFlippedBitInAnyByteOfASignedStatementRefusesIt() throws {
    let values = try empty()
    let body = reason
    let approvers = try Sample.approvers()
    let bytes = try values.next(.revoke, "everything", body).signed(by: [approvers[alice]]).bytes
    #expect(throws: Never.self) { try values.applying(try SignedStatement(parsing: bytes), at: Sample.now) }
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(throws: StatementError.self) {
        try values.applying(try SignedStatement(parsing: damaged), at: Sample.now)
      }
    }
  }

  @Test func aStatementThatHasExpiredIsNotTaken() throws {
    let values = try empty()
    let statement = values.next(.reference, "llama", Sample.bundle(), notAfter: Sample.now.adding(.seconds(1)))
    let signed = try statement.signed(by: Array(try Sample.approvers().prefix(2)))
    #expect(throws: Never.self) { try values.applying(signed, at: Sample.now) }
    #expect(throws: StatementError.expired) { try values.applying(signed, at: Sample.now.adding(.seconds(1))) }
  }

  @Test func versionsRiseByOneAndNeverComeBack() throws {
    let first = try empty().taking(.reference, "llama", Sample.bundle(), by: [alice, bob])
    let second = try first.taking(.reference, "llama", Sample.plainBundle(), by: [alice, bob])
    #expect(second.bundles["llama"]?.version == 2)
    let signers = Array(try Sample.approvers().prefix(2))
    let old = try empty().next(.reference, "llama", Sample.bundle()).signed(by: signers)
    #expect(throws: StatementError.versionNotNew(current: 2)) { try second.applying(old, at: Sample.now) }
    let again = try first.next(.reference, "llama", Sample.plainBundle()).signed(by: signers)
    #expect(throws: StatementError.versionNotNew(current: 2)) { try second.applying(again, at: Sample.now) }
    let head = second.head(of: .reference, scope: "llama")
    for (version, previous, error) in [
      (4, head?.digest, StatementError.versionSkipped(current: 2)),
      (3, first.head(of: .reference, scope: "llama")?.digest, .previousMismatch),
      (UInt64.max, head?.digest, .versionSkipped(current: 2)),
    ] {
      let statement = ReferenceStatement(
        kind: .reference, scope: "llama", version: version, previous: previous, notAfter: 1_788_200_000,
        body: Sample.bundle())
      #expect(throws: error) { try second.applying(try statement.signed(by: signers), at: Sample.now) }
    }
  }

  @Test func aRevocationNeedsOneApproverAndTakingItBackTheQuorum() throws {
    let values = try Sample.values(Sample.bundle())
    let revoked = try values.revoking("bundle/llama", by: [carol])
    #expect(!Sample.result(revoked).isAccepted)
    #expect(throws: StatementError.quorumTooFew(signed: 0)) { try values.revoking("bundle/llama", by: []) }
    #expect(throws: StatementError.alreadyRevoked) { try revoked.revoking("bundle/llama") }
    #expect(throws: StatementError.quorumTooFew(signed: 1)) {
      try revoked.taking(.unrevoke, "bundle/llama", reason, by: [carol])
    }
    let restored = try revoked.taking(.unrevoke, "bundle/llama", reason, by: [alice, carol])
    #expect(Sample.result(restored).isAccepted)
    #expect(throws: StatementError.notRevoked) {
      try restored.taking(.unrevoke, "bundle/llama", reason, by: [alice, carol])
    }
    #expect(restored.epoch == 3)
  }

  /// Putting a new version of a revoked bundle in force does not take the revocation back.
  @Test func aNewVersionDoesNotUndoARevocation() throws {
    let revoked = try Sample.values(Sample.bundle()).revoking("bundle/llama")
    let again = try revoked.taking(.reference, "llama", Sample.plainBundle(), by: [alice, bob])
    #expect(!Sample.result(again).isAccepted)
  }

  @Test func anOldRevocationCannotBeReplayedNorAnOldPardon() throws {
    let values = try Sample.values(Sample.bundle())
    let signers = Array(try Sample.approvers().prefix(2))
    let revoke = try values.next(.revoke, "everything", reason).signed(by: signers)
    let revoked = try values.applying(revoke, at: Sample.now)
    let pardon = try revoked.next(.unrevoke, "everything", reason).signed(by: signers)
    let pardoned = try revoked.applying(pardon, at: Sample.now)
    #expect(throws: StatementError.versionNotNew(current: 2)) { try pardoned.applying(revoke, at: Sample.now) }
    let again = try pardoned.revoking("everything")
    #expect(throws: StatementError.versionNotNew(current: 3)) { try again.applying(pardon, at: Sample.now) }
  }

  @Test func aNewQuorumNeedsTheOldOneAndItself() throws {
    let values = try empty()
    let dave = try Sample.signer("dave", seed: 4)
    let approvers = try Sample.approvers()
    let new = try ApproverQuorum(threshold: 2, approvers: [approvers[alice].verifierKey, dave.verifierKey])
    let statement = values.next(.quorum, "approvers", new.document)
    let cases: [([NoteSigner], StatementError?)] = [
      ([approvers[alice], approvers[bob], dave], nil),
      ([approvers[alice], approvers[bob]], .newQuorumTooFew),
      ([approvers[bob], approvers[carol], dave], .newQuorumTooFew),
      ([approvers[alice], dave], .quorumTooFew(signed: 1)), ([dave], .quorumTooFew(signed: 0)),
    ]
    for (signers, error) in cases {
      let signed = try statement.signed(by: signers)
      if let error {
        #expect(throws: error) { try values.applying(signed, at: Sample.now) }
      } else {
        let next = try values.applying(signed, at: Sample.now)
        #expect(next.quorum == new)
        #expect(throws: StatementError.quorumTooFew(signed: 1)) {
          try next.taking(.reference, "llama", Sample.bundle(), by: [alice, bob])
        }
      }
    }
  }

  @Test func oneApproverCannotShrinkTheQuorum() throws {
    let approvers = try Sample.approvers()
    let alone = try ApproverQuorum(threshold: 1, approvers: [approvers[alice].verifierKey])
    #expect(throws: StatementError.quorumTooFew(signed: 1)) {
      try empty().taking(.quorum, "approvers", alone.document, by: [alice])
    }
    let oneOfThree = try Sample.quorum(1)
    #expect(throws: StatementError.quorumTooFew(signed: 1)) {
      try empty().taking(.quorum, "approvers", oneOfThree.document, by: [alice])
    }
  }

  @Test func aQuorumThatCouldBeNobodyIsRefused() throws {
    let keys = try Sample.approvers().map(\.verifierKey)
    let again = try NoteVerifierKey(name: "alice-again", publicKey: keys[0].publicKey)
    let cosigner = try NoteVerifierKey(name: "witness", algorithm: .cosignature, publicKey: keys[1].publicKey)
    let spaced = try NoteVerifierKey(name: "a/b", publicKey: keys[1].publicKey)
    let wrong: [(Int, [NoteVerifierKey])] = [
      (0, keys), (-1, keys), (4, keys), (1, []), (0, []), (2, [keys[0], again]), (2, [keys[0], keys[0]]),
      (1, [keys[0], cosigner]), (1, [cosigner]), (1, [spaced]),
    ]
    for (threshold, approvers) in wrong {
      #expect(throws: StatementError.badQuorum) { try ApproverQuorum(threshold: threshold, approvers: approvers) }
    }
    var document = try Sample.quorum().document
    document.set(["extra"], 1)
    #expect(throws: StatementError.self) { try ApproverQuorum(document: document) }
  }

  @Test func aRuleNamesBundlesThatExist() throws {
    let values = try Sample.values(Sample.bundle())
    func rule(_ bundles: JSONValue) -> JSONValue {
      ["schema": "vouchsafe/rule/v1", "resource": "models/llama/key", "bundles": bundles]
    }
    let next = try values.taking(.rule, "models/llama/key", rule(["llama"]), by: [alice, bob])
    #expect(next.rules.count == 1)
    #expect(throws: StatementError.unknownBundle) {
      try values.taking(.rule, "models/llama/key", rule(["llama", "lama"]), by: [alice, bob])
    }
  }

  @Test func replayingTheStatementsGivesAnEqualState() throws {
    var statements: [(signed: SignedStatement, takenAt: Timestamp)] = []
    var values = try empty()
    let signers = Array(try Sample.approvers().prefix(2))
    let steps: [(ReferenceStatement.Kind, String, JSONValue)] = [
      (.reference, "llama", Sample.bundle()), (.reference, "mistral", Sample.bundle("mistral")),
      (.revoke, "bundle/llama", reason), (.reference, "llama", Sample.plainBundle()),
      (.unrevoke, "bundle/llama", reason), (.quorum, "approvers", try Sample.quorum(1).document),
      (.revoke, "product/Turin", reason),
    ]
    var digests = [values.digest]
    for (kind, scope, body) in steps {
      let signed = try values.next(kind, scope, body).signed(by: signers)
      values = try values.applying(signed, at: Sample.now)
      statements.append((signed, Sample.now))
      digests.append(values.digest)
    }
    let replayed = try ReferenceValues.replaying(statements, from: try Sample.quorum())
    #expect(replayed == values)
    #expect(replayed.digest == values.digest)
    #expect(Set(digests).count == digests.count)
    #expect(replayed.epoch == UInt64(steps.count))
    #expect(throws: StatementError.self) {
      try ReferenceValues.replaying(Array(statements.dropFirst()), from: try Sample.quorum())
        .applying(statements[3].signed, at: Sample.now)
    }
    #expect(throws: StatementError.self) {
      try ReferenceValues.replaying(statements.reversed(), from: try Sample.quorum())
    }
  }

  @Test func everyErrorHasItsOwnCode() {
    let errors: [StatementError] = [
      .malformed(ParseError("f", .missing)), .note(.badSignature), .bodyMismatch, .bundle(ParseError("f", .missing)),
      .rule(ParseError("f", .missing)), .quorumTooFew(signed: 1), .newQuorumTooFew, .badQuorum, .noApprovers, .expired,
      .versionNotNew(current: 1), .versionSkipped(current: 1), .previousMismatch, .unknownBundle, .alreadyRevoked,
      .notRevoked, .tooMany,
    ]
    #expect(Set(errors.map(\.code)).count == errors.count)
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}
