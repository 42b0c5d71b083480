import Audit
import Bytes
import Testing

struct RuleBookTests {
  @Test func aGoodLogBreaksNoRule() {
    #expect(rules(Leaves.good).isEmpty)
    let denied = Leaves.good + [Leaves.decision("attestation", minute: 5, result: "deny", challenge: "c2")]
    #expect(rules(denied).isEmpty)
  }

  /// One entry changed; the rule that says so, and no other.
  @Test(
    arguments: [
      (0, "type", "decision", [.beginning: 0, .valuesUnlogged: 99]),
      (1, "sim", true, [.simulated: 1]),
      (3, "epoch", "other", [.epochChanged: 4]),
      (3, "time", "2026-01-02T02:00:00Z", [.timeBackwards: 3]),
      (3, "refvalues", "v0", [.valuesUnlogged: 3]),
      (4, "refvalues", "v0", [.valuesUnlogged: 4]),
      (4, "resource", "models/other/key", [.resourceUnregistered: 4]),
      (4, "resource_version", 2, [.resourceUnregistered: 4]),
      (4, "bundles", ["other"], [.resourceUnregistered: 4]),
      (4, "evidence", "other", [.evidenceUnjudged: 4]),
      (3, "result", "deny", [.evidenceUnjudged: 4]),
      (3, "registry", ["epoch": 1, "head": 2], [.registryChain: 3]),
      (3, "registry", ["epoch": 2, "head": 1], [.registryChain: 3]),
      (4, "type", "novelty", [.typeUnknown: 4]),
      (2, "v", 2, [.malformed: 2, .registryChain: 4, .resourceUnregistered: 4]),
      (1, "refvalues", nil, [.valuesUncheckable: 1]),
    ] as [(Int, String, JSONValue?, [Finding.Rule: UInt64])])
  func eachRuleSeesItsBreach(_ index: Int, _ member: String, _ value: JSONValue?, _ expected: [Finding.Rule: UInt64]) {
    var leaves = Leaves.good
    leaves[index] = leaves[index].with(member, value)
    let found = rules(leaves).filter { $0.value == expected[$0.key] || expected[$0.key] == nil }
    for (rule, at) in expected where at != 99 { #expect(found[rule] == at, "\(rule)") }
    for rule in found.keys { #expect(expected[rule] != nil, "\(rule) too") }
  }

  @Test(arguments: [
    "everything", "bundle/demo", "measurement/5a5a", "resource/models/m/key", "product/Milan",
  ])
  func noReleaseFollowsAMatchingRevocation(_ scope: String) {
    let revoked = Leaves.good + [Leaves.revocation(scope, changes: 2, last: 2)]
    #expect(rules(revoked).isEmpty)
    let after = Leaves.decision("release", minute: 11).with("registry", ["epoch": 3, "head": 5]).with("refvalues", "v2")
    #expect(rules(revoked + [after]) == [.revoked: 6])
    let pardon = Leaves.revocation(scope, kind: "unrevoke", changes: 3, last: 5, minute: 11)
    let later = Leaves.decision("release", minute: 12).with("registry", ["epoch": 4, "head": 6]).with("refvalues", "v3")
    #expect(rules(revoked + [pardon, later]).isEmpty)
  }

  @Test(arguments: [
    "bundle/other", "bundle/dem", "measurement/5a", "resource/models/m/other", "product/Genoa", "bundle", "bundle/",
  ])
  func arevocationThatDoesNotMatchStopsNothing(_ scope: String) {
    let after = Leaves.decision("release", minute: 11).with("registry", ["epoch": 3, "head": 5]).with("refvalues", "v2")
    let log = Leaves.good + [Leaves.revocation(scope, changes: 2, last: 2), after]
    #expect(rules(log)[.revoked] == nil)
  }

  @Test func aRevocationThatTheLogCannotShowIsSaid() {
    let log = Leaves.good + [Leaves.revocation("chip/00", changes: 2, last: 2)]
    #expect(rules(log) == [.revocationUncheckable: 5])
    #expect(!Finding.Rule.revocationUncheckable.isViolation)
  }

  @Test func valuesThatWereInForceOnceAreNotEnough() {
    let next = Leaves.bundle.with("refvalues", "v9").with("registry", ["epoch": 2, "head": 2]).with("version", 2)
      .with("time", "2026-01-02T03:05:00Z")
    let late = Leaves.decision("release", minute: 6).with("registry", ["epoch": 3, "head": 5])
    #expect(rules(Leaves.good + [next, late]) == [.valuesSuperseded: 6])
    #expect(rules(Leaves.good + [next, late.with("refvalues", "v9")]).isEmpty)
  }

  @Test func aKeyThatWasDeletedDoesNotLeave() {
    let deletion = Leaves.common(
      "resource", minute: 5, changes: 2, last: 2,
      [("change", "delete"), ("resource", "models/m/key"), ("refvalues", "v1")])
    let late = Leaves.decision("release", minute: 6).with("registry", ["epoch": 3, "head": 5])
    #expect(rules(Leaves.good + [deletion, late]) == [.resourceUnregistered: 6])
  }

  @Test func aChallengeIsAnsweredOnce() {
    #expect(rules(Leaves.good + [Leaves.decision("attestation", minute: 5, evidence: "e2")]) == [.challengeReused: 5])
  }

  @Test func anEpochIsLinkedByItsEntry() {
    let link = Leaves.common("epoch", minute: 5, changes: 2, last: 2).with("epoch", "f")
    let later = Leaves.decision("release", minute: 6).with("epoch", "f")
    #expect(rules(Leaves.good + [link, later]).isEmpty)
    #expect(rules(Leaves.good + [later]) == [.epochChanged: 5])
  }

  @Test func simulatedEntriesPassOnlyWhenThatWasSaid() {
    let log = Leaves.good.map { $0.with("sim", true) }
    #expect(rules(log)[.simulated] == 4)
    #expect(rules(log, acceptingSimulated: true).isEmpty)
  }

  @Test func whatIsNoEntryIsSaidAndNothingBreaks() {
    var book = RuleBook()
    for text in ["", "x", "[]", "{}", #"{"v":1}"#, #"{"v":1,"v":1}"#, "{\"v\":1,\"type\":3}"] {
      #expect(book.check(Array(text.utf8), acceptingSimulated: false).map(\.rule) == [.malformed])
    }
    #expect(book.next == 7)
  }

  @Test func aBookThatIsKeptGoesOnWhereItWas() throws {
    let log = Leaves.good + [Leaves.revocation("bundle/demo", changes: 2, last: 2)]
    let after = Leaves.decision("release", minute: 11).with("registry", ["epoch": 3, "head": 5]).with("refvalues", "v2")
    for cut in 0...log.count {
      var book = RuleBook()
      for leaf in log.prefix(cut) { #expect(book.check(Leaves.bytes(leaf), acceptingSimulated: false).isEmpty) }
      var kept = try RuleBook(parsing: StrictJSON.parse(CanonicalJSON.encode(book.json)))
      #expect(kept == book)
      for leaf in log.dropFirst(cut) { #expect(kept.check(Leaves.bytes(leaf), acceptingSimulated: false).isEmpty) }
      #expect(kept.check(Leaves.bytes(after), acceptingSimulated: false).map(\.rule) == [.revoked])
    }
    #expect(throws: ParseError.self) { try RuleBook(parsing: StrictJSON.parse(Array(#"{"next":1}"#.utf8))) }
  }

  @Test func whatIsRememberedOfDecisionsIsBounded() {
    var book = RuleBook()
    for leaf in Leaves.good.prefix(3) { _ = book.check(Leaves.bytes(leaf), acceptingSimulated: false) }
    let first = Leaves.decision("attestation")
    _ = book.check(Leaves.bytes(first), acceptingSimulated: false)
    let late = Leaves.decision("attestation", challenge: "c2").with("time", "2026-01-02T09:00:00Z")
    _ = book.check(Leaves.bytes(late), acceptingSimulated: false)
    #expect(book.json["challenges"]?.objectValue?.keys == ["c2"])
  }
}
