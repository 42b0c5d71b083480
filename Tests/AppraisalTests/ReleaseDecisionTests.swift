import Bytes
import KBSProtocol
import Testing

@testable import Appraisal

struct ReleaseDecisionTests {
  private func rule(_ bundles: JSONValue, _ condition: JSONValue? = nil) -> JSONValue {
    var rule: JSONValue = .object([
      ("schema", "vouchsafe/rule/v1"), ("resource", "models/llama/key"), ("bundles", bundles),
    ])
    rule.set(["condition"], condition)
    return rule
  }

  private func decision(
    _ values: ReferenceValues, binding: Set<String> = ["llama"], path: String = "models/llama/key",
    facts: Facts = Sample.facts, at now: Timestamp = Sample.now
  ) throws -> [String] {
    let result = Sample.result(facts, values)
    switch decide(try Sample.path(path), version: 1, for: result, boundTo: binding, values: values, at: now) {
    case .allow(let bundle): return ["allow", bundle]
    case .deny(let denial): return denial.codes
    }
  }

  @Test func aBoundBundleMayHaveItsResource() throws {
    #expect(try decision(try Sample.values(Sample.bundle())) == ["allow", "llama"])
    #expect(try decision(try Sample.values(Sample.plainBundle())) == ["allow", "llama"])
  }

  @Test func aResourceBoundToNothingOrToAnotherBundleStaysWhereItIs() throws {
    let values = try Sample.values(Sample.bundle(), Sample.bundle("other"))
    #expect(try decision(values, binding: []) == ["resourceUnbound"])
    #expect(try decision(try Sample.values(Sample.bundle()), binding: ["other"]) == ["bundleNotPermitted"])
    #expect(try decision(try Sample.values(Sample.bundle()), binding: ["Llama"]) == ["bundleNotPermitted"])
  }

  @Test func theBundlesOwnListRestrictsABinding() throws {
    let values = try Sample.values(Sample.bundle())
    #expect(try decision(values, path: "models/other/key") == ["resourceNotInBundle"])
    #expect(try decision(values, path: "models/llama/key2") == ["resourceNotInBundle"])
    let both = try Sample.values(Sample.bundle(), Sample.bundle("z", ["resources": ["models/other/key"]]))
    #expect(try decision(both, binding: ["llama", "z"], path: "models/other/key") == ["allow", "z"])
  }

  @Test func aRuleReplacesTheBinding() throws {
    let values = try Sample.values(Sample.bundle(), Sample.bundle("other"))
      .taking(.rule, "models/llama/key", rule(["other"]), by: [0, 1])
    #expect(try decision(values, binding: []) == ["allow", "other"])
    #expect(try decision(values, binding: ["llama"]) == ["allow", "other"])
    let revoked = try values.revoking("bundle/other")
    #expect(try decision(revoked, binding: ["llama"]) == ["bundleNotPermitted"])
  }

  @Test func theConditionOfARuleMustHold() throws {
    let values = try Sample.values(Sample.bundle())
    func with(_ condition: JSONValue) throws -> [String] {
      try decision(try values.taking(.rule, "models/llama/key", rule(["llama"], condition), by: [0, 1]))
    }
    #expect(try with(["atLeast": ["claim": "reportedTCB.microcode", "value": 219]]) == ["allow", "llama"])
    #expect(try with(["atLeast": ["claim": "reportedTCB.microcode", "value": 220]]) == ["conditionUnmet"])
  }

  /// What was accepted when the pod attested is judged again when the key is asked for.
  @Test func aReleaseIsDecidedByTheValuesInForceNow() throws {
    let before = try Sample.values(Sample.bundle())
    let result = Sample.result(before)
    let path = try Sample.path()
    func decision(_ values: ReferenceValues, at now: Timestamp = Sample.now) -> ReleaseDecision {
      decide(path, version: 1, for: result, boundTo: ["llama"], values: values, at: now)
    }
    #expect(decision(before) == .allow(bundle: "llama"))
    let tightened = try before.taking(
      .reference, "llama", Sample.bundle("llama", ["tees.snp.minimumGuestSVN": 4]), by: [0, 1])
    let later: [(ReferenceValues, Timestamp, String)] = [
      (try before.revoking("bundle/llama"), Sample.now, "bundleRevoked"),
      (try before.revoking("everything"), Sample.now, "everythingRevoked"),
      (try before.revoking("resource/models/llama/key"), Sample.now, "resourceRevoked"),
      (try before.revoking("chip/" + Hex.encode(Sample.chip)), Sample.now, "chipRevoked"),
      (tightened, Sample.now, "guestSVNTooLow"), (before, 1_893_456_000, "bundleExpired"),
    ]
    for (values, now, code) in later {
      guard case .deny(let denial) = decision(values, at: now) else {
        Issue.record("allowed after \(code)")
        continue
      }
      #expect(denial.codes == [code])
    }
    #expect(decision(try before.revoking("resource/models/other/key")) == .allow(bundle: "llama"))
  }

  @Test func aResultThatWasRefusedGetsNothingAndOneThatFitsNowDoes() throws {
    let none = ReferenceValues(quorum: try Sample.quorum())
    let refused = Sample.result(none)
    #expect(!refused.isAccepted)
    let path = try Sample.path()
    guard
      case .deny(let denial) = decide(path, version: 1, for: refused, boundTo: ["llama"], values: none, at: Sample.now)
    else {
      Issue.record("allowed")
      return
    }
    #expect(denial.codes == ["noReferenceValues"])
  }
}

struct ResourceRuleTests {
  private func parse(_ condition: JSONValue) throws -> Condition { try Condition(parsing: condition, "condition") }
  private func holds(_ condition: JSONValue, _ facts: Facts = Sample.facts) throws -> Bool {
    try parse(condition).holds(for: facts)
  }

  @Test func aRuleIsRead() throws {
    let text =
      #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":["x","y"],"condition":{"anyOf":[{"equals":{"claim":"tee","value":"snp"}}]}}"#
    let rule = try ResourceRule(parsing: Array(text.utf8))
    #expect(rule.bundles == ["x", "y"])
    #expect(rule.resource.text == "a/b/c")
    #expect(rule.condition != nil)
  }

  @Test(arguments: [
    "{}", #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c"}"#, #"{"schema":"vouchsafe/rule/v1","bundles":["x"]}"#,
    #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":[]}"#,
    #"{"schema":"vouchsafe/rule/v1","resource":"a/b/*","bundles":["x"]}"#,
    #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":["*"]}"#,
    #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":["x"],"allow":true}"#,
    #"{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":["x"],"condition":null}"#,
    #"{"schema":"vouchsafe/reference/v1","resource":"a/b/c","bundles":["x"]}"#,
  ])
  func anythingElseIsNoRule(_ text: String) {
    #expect(throws: ParseError.self) { try ResourceRule(parsing: Array(text.utf8)) }
  }

  @Test func comparisonsHoldOrDoNot() throws {
    let cases: [(JSONValue, Bool)] = [
      (["equals": ["claim": "tee", "value": "snp"]], true), (["equals": ["claim": "product", "value": "Milan"]], true),
      (["equals": ["claim": "product", "value": "Genoa"]], false),
      (["equals": ["claim": "simulated", "value": false]], true),
      (["equals": ["claim": "simulated", "value": true]], false),
      (["equals": ["claim": "measurement", "value": .string(String(repeating: "5A", count: 48))]], true),
      (["equals": ["claim": "vmpl", "value": 0]], true), (["equals": ["claim": "vmpl", "value": 1]], false),
      (["atLeast": ["claim": "guestSVN", "value": 3]], true), (["atLeast": ["claim": "guestSVN", "value": 4]], false),
      (["in": ["claim": "product", "values": ["Genoa", "Milan"]]], true),
      (["in": ["claim": "product", "values": ["Genoa", "Turin"]]], false),
      (["equals": ["claim": "platformInfo.aliasCheckComplete", "value": true]], true),
      (["equals": ["claim": "guestPolicy.smtAllowed", "value": true]], false),
      (["equals": ["claim": "revocationChecked", "value": true]], true),
    ]
    for (condition, expected) in cases { #expect(try holds(condition) == expected, "\(CanonicalJSON.text(condition))") }
  }

  @Test func listsJoinTheirParts() throws {
    let yes: JSONValue = ["equals": ["claim": "tee", "value": "snp"]]
    let no: JSONValue = ["equals": ["claim": "vmpl", "value": 3]]
    let cases: [(JSONValue, Bool)] = [
      (["allOf": [yes, yes]], true), (["allOf": [yes, no]], false), (["anyOf": [no, yes]], true),
      (["anyOf": [no, no]], false),
      (["allOf": [yes, ["anyOf": [no, ["allOf": [yes]]]]]], true),
    ]
    for (condition, expected) in cases { #expect(try holds(condition) == expected) }
  }

  /// Which claims a platform lacks must never open anything.
  @Test func anAbsentClaimSatisfiesNoComparison() throws {
    let facts = Sample.facts { $0.isAuthorKeyEnabled = false }
    let zero = JSONValue.string(String(repeating: "a0", count: 48))
    for condition: JSONValue in [
      ["equals": ["claim": "cspID", "value": "none"]], ["in": ["claim": "cspID", "values": ["none", "nil"]]],
      ["atLeast": ["claim": "reportedTCB.fmc", "value": 0]], ["equals": ["claim": "reportedTCB.fmc", "value": 0]],
      ["equals": ["claim": "authorKeyDigest", "value": zero]],
    ] { #expect(try !holds(condition, facts), "\(CanonicalJSON.text(condition))") }
  }

  @Test func unknownClaimsAndWrongTypesAreErrorsWhenARuleIsRead() {
    let wrong: [JSONValue] = [
      ["equals": ["claim": "mrTD", "value": "x"]], ["equals": ["claim": "", "value": "x"]],
      ["equals": ["claim": "tee", "value": "sgx"]], ["equals": ["claim": "tee", "value": 1]],
      ["equals": ["claim": "vmpl", "value": "0"]], ["equals": ["claim": "vmpl", "value": -1]],
      ["equals": ["claim": "simulated", "value": "false"]],
      ["equals": ["claim": "measurement", "value": "5a"]], ["atLeast": ["claim": "product", "value": 1]],
      ["atLeast": ["claim": "simulated", "value": 1]], ["atLeast": ["claim": "vmpl", "value": "1"]],
      ["in": ["claim": "product", "values": []]], ["in": ["claim": "product", "values": ["Milan", 1]]],
      ["in": ["claim": "product", "value": ["Milan"]]], ["equals": ["claim": "tee"]], ["equals": ["value": "snp"]],
      ["equals": ["claim": "tee", "value": "snp", "unless": true]],
      ["not": ["equals": ["claim": "tee", "value": "snp"]]],
      ["allOf": []], ["anyOf": []], ["allOf": ["equals": 1]], [:], true, "allow", [],
      .object([("allOf", [["equals": ["claim": "tee", "value": "snp"]]]), ("anyOf", [])]),
    ]
    for condition in wrong {
      #expect(throws: ParseError.self, "\(CanonicalJSON.text(condition))") { try parse(condition) }
    }
  }

  @Test func conditionsAreBounded() throws {
    let leaf: JSONValue = ["equals": ["claim": "tee", "value": "snp"]]
    func nested(_ depth: Int) -> JSONValue { depth == 1 ? leaf : ["allOf": [nested(depth - 1)]] }
    _ = try parse(nested(Condition.depthLimit))
    #expect(throws: ParseError.self) { try parse(nested(Condition.depthLimit + 1)) }
    func wide(_ count: Int) -> JSONValue { ["anyOf": .array(Array(repeating: leaf, count: count))] }
    _ = try parse(wide(Condition.nodeLimit - 1))
    #expect(throws: ParseError.self) { try parse(wide(Condition.nodeLimit)) }
    let many = (0...Condition.nodeLimit).map { JSONValue.int($0) }
    #expect(throws: ParseError.self) { try parse(["in": ["claim": "vmpl", "values": .array(many)]]) }
  }

  @Test func everyClaimOfTheVocabularyReadsWithItsType() throws {
    for (claim, entry) in ClaimVocabulary.entries {
      let value: JSONValue =
        switch entry.kind {
        case .word(let words): .string(words[0])
        case .text: "text"
        case .hex(let count): .string(String(repeating: "ab", count: count))
        case .integer: 1
        case .flag: true
        }
      _ = try parse(["equals": ["claim": .string(claim), "value": value]])
    }
  }
}
