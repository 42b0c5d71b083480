import Bytes
import SignedNotes
import Testing

struct QuorumPolicyTests {
  private func witness(_ first: UInt8) throws -> String {
    try NoteCosigner(name: "w\(first)", key: key(from: first)).verifierKey.text
  }

  private func policy(_ text: String) throws -> QuorumPolicy { try QuorumPolicy(parsing: utf8(text)) }

  private func twoLevels() throws -> String {
    """
    # two organisations
    log \(Vector.logKey) https://log.example/

    witness X1 \(try witness(1))
    witness\tX2  \(try witness(2)) https://x2.example
      witness X3 \(try witness(3))
    group X 2 X1 X2 X3
    witness Y1 \(try witness(4))
    witness Y2 \(try witness(5))
    group Y any Y1 Y2
    group both all X Y
    quorum both

    """
  }

  @Test func twoLevelsAreCounted() throws {
    let policy = try policy(twoLevels())
    #expect(policy.logs.map(\.key.text) == [Vector.logKey])
    #expect(policy.members[1].url == "https://x2.example")
    #expect(policy.leastSigners == 3)
    #expect(policy.isSatisfied(by: ["X1", "X3", "Y2"]))
    #expect(policy.isSatisfied(by: ["X1", "X2", "X3", "Y1", "Y2"]))
    for few in [[], ["X1", "X2", "X3"], ["Y1", "Y2", "X1"], ["X", "Y"], ["both"], ["X1", "x3", "Y1"]] {
      #expect(!policy.isSatisfied(by: Set(few)))
    }
  }

  @Test func writingAndParsingAreInverse() throws {
    let first = try policy(twoLevels())
    #expect(try policy(first.text) == first)
  }

  @Test func everyPrefixIsRefused() throws {
    let text = utf8(try twoLevels())
    for length in 0..<text.count - 1 {
      #expect(throws: NoteError.self) { try QuorumPolicy(parsing: Array(text[..<length])) }
    }
  }

  @Test func nobodyHasToSignOnlyWhenItSaysSo() throws {
    let none = try policy("quorum none\n")
    #expect(none.isSatisfied(by: []))
    #expect(none.leastSigners == 0)
    #expect(throws: NoteError.malformed(ParseError("quorum", .missing))) { try policy("\n") }
    #expect(throws: NoteError.self) { try policy("quorum nobody\n") }
  }

  @Test func aRuleThatTheGrammarForbidsIsRefused() throws {
    let one = "witness A \(try witness(1))\n"
    let two = one + "witness B \(try witness(2))\n"
    let refused = [
      one + "quorum A\nquorum A\n",  // two decisions
      one + one.replacing(" A ", with: " B ") + "quorum A\n",  // one key under two names
      one + "witness A \(try witness(2))\nquorum A\n",  // one name for two keys
      one + "witness none \(try witness(2))\nquorum A\n",
      "witness A \(try witness(1)) url more\nquorum A\n",
      "witness A\nquorum A\n",
      "witness A \(Vector.logKey)\nquorum A\n",  // a log's key cannot cosign
      "log \(Vector.witnessKey)\nquorum none\n",
      "log \(Vector.logKey)\nlog \(Vector.logKey)\nquorum none\n",
      one + "group G 1 A\ngroup H 1 A\nquorum G\n",  // a member counted twice
      one + "group G 2 A A\nquorum G\n",
      one + "group G 1 A none\nquorum G\n",
      two + "group G 0 A B\nquorum G\n", two + "group G 3 A B\nquorum G\n", two + "group G 01 A B\nquorum G\n",
      two + "group G +1 A B\nquorum G\n", two + "group G most A B\nquorum G\n", two + "group G all\nquorum G\n",
      two + "group A all B\nquorum A\n", two + "group G all G\nquorum G\n", "group G all A\n" + one + "quorum G\n",
      two + "quorum G\ngroup G all A B\n",  // used before it is defined
      two + "quorum A B\n", two + "quorum\n", two + "weights A 1\nquorum A\n", two + "QUORUM A\n",
      two + "quorum A\r\n", two + "quorum A\u{7F}\n", two + "quorum A\u{0}\n",
    ]
    for text in refused { #expect(throws: NoteError.self, "\(text)") { try policy(text) } }
    #expect(throws: NoteError.self) { try QuorumPolicy(parsing: utf8(one + "quorum A # ") + [0xFF, 0x0A]) }
    #expect(try policy(two + "group G 2 A B\nquorum G\n").leastSigners == 2)
  }

  @Test func namesAreOctets() throws {
    let text = "witness K \(try witness(1))\nquorum \u{212A}\n"
    #expect(throws: NoteError.malformed(ParseError("quorum", .missing, at: text.utf8.count - 11))) { try policy(text) }
  }

  @Test func approversSignPlainlyAndAreCountedByTheirKeys() throws {
    let approvers = try [signer("alice", 1), signer("bob", 2), signer("carol", 3)]
    let policy = try QuorumPolicy(threshold: 2, of: approvers.map(\.verifierKey))
    #expect(policy.leastSigners == 2)
    #expect(try QuorumPolicy(parsing: utf8(policy.text), members: .ed25519) == policy)
    #expect(throws: NoteError.unsupportedKeyType) { try QuorumPolicy(parsing: utf8(policy.text)) }

    var note = try SignedNote.sign("statement\n", by: [approvers[0]])
    #expect(try !policy.isSatisfied(by: note))
    try note.appendSignature(signer("dave", 4).sign("statement\n"))
    try note.appendSignature(signer("bob", 4).sign("statement\n"))
    #expect(try policy.signers(of: note) == ["alice"])
    try note.appendSignature(approvers[2].sign("statement\n"))
    #expect(try policy.signers(of: note) == ["alice", "carol"])
    #expect(try policy.isSatisfied(by: note))
    try note.appendSignature(NoteSignature(name: "bob", keyID: approvers[1].verifierKey.keyID, bytes: [0]))
    #expect(throws: NoteError.badSignature) { try policy.isSatisfied(by: note) }
    #expect(try !policy.isSatisfied(by: SignedNote.sign("statement\n", by: [signer("dave", 4)])))
  }

  @Test func aQuorumThatCannotBeMadeIsRefused() throws {
    let keys = try [signer("alice", 1).verifierKey, signer("bob", 1).verifierKey]
    #expect(throws: NoteError.self) { try QuorumPolicy(threshold: 2, of: keys) }  // one key twice
    #expect(throws: NoteError.self) { try QuorumPolicy(threshold: 2, of: [keys[0]]) }
    #expect(throws: NoteError.self) { try QuorumPolicy(threshold: 0, of: [keys[0]]) }
    #expect(throws: NoteError.self) { try QuorumPolicy(threshold: 1, of: []) }
  }
}
