import Bytes
import SignedNotes
import Testing
import TransparencyLog

struct CosignedCheckpointsTests {
  private let witnesses: [NoteCosigner]
  private let policy: QuorumPolicy

  init() throws {
    witnesses = try (1...3).map { try NoteCosigner(name: "w\($0)", key: key(from: UInt8(0x40 + $0))) }
    policy = try QuorumPolicy(threshold: 2, of: witnesses.map(\.verifierKey))
  }

  private func note(_ size: UInt64, by signers: Int..., at time: Timestamp = 100, of all: [[UInt8]] = entries(0..<300))
    throws -> [UInt8]
  {
    var note = try SignedNote(parsing: request(0, size, of: all).checkpoint)
    for signer in signers { try note.appendSignature(witnesses[signer].cosign(note.text, at: time)) }
    return note.bytes
  }

  private func taken(_ notes: [(Int, [UInt8])]) throws -> CosignedCheckpoints {
    var cosigned = CosignedCheckpoints(key: try logSigner().verifierKey, policy: policy)
    for (member, note) in notes { try cosigned.take(note, of: policy.members[member]) }
    return cosigned
  }

  @Test func aQuorumIsMadeOfSingleSignatures() throws {
    #expect(try taken([]).quorum == nil)
    #expect(try taken([(0, note(7, by: 0))]).quorum == nil)
    #expect(try taken([(0, note(7, by: 0)), (1, note(8, by: 1))]).quorum == nil)
    let quorum = try #require(
      try taken([(0, note(7, by: 0, at: 90)), (2, note(7, by: 2, at: 80)), (1, note(8, by: 1))]).quorum)
    #expect((quorum.checkpoint.size, quorum.time) == (7, 80))
    #expect(quorum.witnesses == ["w1", "w3"])
    let verified = try VerifiedCheckpoint(verifying: quorum.note, by: logSigner().verifierKey, policy: policy)
    #expect(verified.witnesses == ["w1", "w3"])
    #expect(try SignedNote(parsing: quorum.note).signatures.count == 3)
  }

  @Test func aNewerCheckpointReplacesAndAnOlderOneDoesNot() throws {
    var cosigned = try taken([(0, note(7, by: 0)), (1, note(7, by: 1))])
    try cosigned.take(note(5, by: 0, at: 200), of: policy.members[0])
    #expect(cosigned.quorum?.checkpoint.size == 7)
    try cosigned.take(note(7, by: 0, at: 150), of: policy.members[0])
    #expect(cosigned.quorum?.time == 100)
    for member in 0...1 { try cosigned.take(note(9, by: member), of: policy.members[member]) }
    #expect(cosigned.quorum?.checkpoint.size == 9)
  }

  @Test func nothingIsTakenThatIsNotSignedByBoth() throws {
    var cosigned = CosignedCheckpoints(key: try logSigner().verifierKey, policy: policy)
    let member = policy.members[0]
    #expect(throws: LogError.note(.noKnownSignature)) { try cosigned.take(note(7), of: member) }
    #expect(throws: LogError.note(.noKnownSignature)) { try cosigned.take(note(7, by: 1), of: member) }
    let whole = try note(7, by: 0)
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 1
      #expect(throws: LogError.self, "\(index)") { try cosigned.take(damaged, of: member) }
    }
    let thief = try NoteSigner(name: "vouchsafe.test/log", key: key(from: 9))
    var foreign = try SignedNote(parsing: request(0, 7, by: thief).checkpoint)
    try foreign.appendSignature(witnesses[0].cosign(foreign.text, at: 5))
    #expect(throws: LogError.note(.noKnownSignature)) { try cosigned.take(foreign.bytes, of: member) }
    #expect(cosigned.quorum == nil)
  }

  @Test func signaturesOverTwoHistoriesAreNoQuorum() throws {
    let other = entries(0..<6) + [utf8("another")]
    let cosigned = try taken([(0, note(7, by: 0)), (1, note(7, by: 1, of: other))])
    #expect(cosigned.quorum == nil)
  }

  @Test func anAnswerIsToItsQuestionOnly() {
    let held = utf8(Vector.checkpoint7)
    #expect(WitnessExchange.answer(parsing: WitnessExchange.answer("n1", held: nil), to: "n1") == .nothing)
    #expect(WitnessExchange.answer(parsing: WitnessExchange.answer("n1", held: held), to: "n1") == .held(held))
    for (bytes, nonce) in [
      (WitnessExchange.answer("n1", held: held), "n2"), (WitnessExchange.answer("n1", held: held), "n"),
      ([], "n1"), (utf8("n1"), "n1"), (utf8("n1\n") + [UInt8](repeating: 1, count: 1 << 17), "n1"),
    ] { #expect(WitnessExchange.answer(parsing: bytes, to: nonce) == nil) }
    let names = witnesses.map { WitnessExchange.checkpointFile(of: $0.verifierKey) }
    #expect(Set(names).count == 3)
  }
}
