import Bytes
import KBSProtocol
import Testing

@testable import Appraisal

struct ExplanationTests {
  @Test func aDenialNamesFieldGotWantedAndTheNearestBundle() throws {
    let values = try Sample.values(Sample.bundle("llama", ["tees.snp.minimumGuestSVN": 7]))
    let result = Sample.result(values)
    let path = try Sample.path()
    let decision = decide(path, version: 1, for: result, boundTo: ["llama"], values: values, at: Sample.now)
    let explanation = Explanation(of: decision, on: path, for: result, at: Sample.now)
    #expect(
      CanonicalJSON.text(explanation.json)
        == #"{"at":"2026-08-31T10:00:00.000Z","bundles":[],"epoch":1,"mismatches":[{"bundle":"llama","#
        + #""code":"guestSVNTooLow","field":"guestSVN","got":"3","wanted":"at least 7"}],"nearest":"llama","#
        + #""resource":"models/llama/key","result":"deny","simulated":false}"#)
    #expect(
      explanation.text == """
        deny models/llama/key at 2026-08-31T10:00:00Z (reference epoch 1)
        nearest bundle: llama (1 difference)
          guestSVN: guestSVNTooLow
              got     3
              wanted  at least 7

        """)
    #expect(try Explanation(parsing: explanation.json) == explanation)
  }

  @Test func anAcceptanceNamesItsBundles() throws {
    let values = try Sample.values(Sample.bundle("b"), Sample.bundle("a"))
    let explanation = Explanation(of: Sample.result(values))
    #expect(explanation.outcome == .allow && explanation.bundles == ["a", "b"] && explanation.resource == nil)
    #expect(explanation.text.contains("bundles satisfied: a, b"))
    #expect(try Explanation(parsing: explanation.json) == explanation)
  }

  @Test func simulationIsSaid() throws {
    var facts = Sample.facts
    facts.isSimulated = true
    let explanation = Explanation(of: Sample.result(facts, try Sample.values(Sample.bundle())))
    #expect(explanation.text.contains("SIMULATED"))
    #expect(explanation.json["simulated"] == true)
  }

  @Test func whatABrokerWouldNotWriteIsRefused() throws {
    for text in ["{}", #"{"result":"maybe"}"#, "[]"] {
      let value = try StrictJSON.parse(Array(text.utf8))
      #expect(throws: ParseError.self) { try Explanation(parsing: value) }
    }
  }

  @Test func controlCharactersDoNotReachTheTerminal() {
    #expect(DocumentDifference.visible("a\u{1B}[2J\u{202E}b\u{7F}") == "a\\u{1b}[2J\\u{202e}b\\u{7f}")
  }
}

struct DocumentDifferenceTests {
  @Test func whatGoesAndWhatComesIsListed() throws {
    let old = Sample.bundle()
    let new = Sample.bundle("llama", ["tees.snp.minimumGuestSVN": 4, "resources": nil])
    let difference = DocumentDifference(from: old, to: new)
    #expect(
      difference.text == """
        - resources[] = "models/llama/key"
        - tees.snp.minimumGuestSVN = 3
        + tees.snp.minimumGuestSVN = 4

        """)
    #expect(DocumentDifference(from: old, to: old).isEmpty)
    #expect(DocumentDifference(from: nil, to: ["a": 1]).text == "+ a = 1\n")
  }

  @Test func theOrderOfAListIsNoDifferenceButItsItemsAre() {
    #expect(DocumentDifference(from: ["a": [1, 2]], to: ["a": [2, 1]]).isEmpty)
    #expect(DocumentDifference(from: ["a": [1]], to: ["a": [1, 1]]).added == ["a[] = 1"])
    #expect(DocumentDifference(from: ["a": []], to: ["a": [:]]).text == "- a = []\n+ a = {}\n")
  }

  /// A key or value cannot draw lines that are not there.
  @Test func aDocumentCannotForgeTheDiff() {
    let difference = DocumentDifference(from: nil, to: ["x\n+ safe = true": "\u{1B}[1A\u{202E}"])
    #expect(difference.added == [#"x\u{a}+ safe = true = "\u001b[1A\u{202e}""#])
  }
}

struct GroundsTests {
  private static func leaf(_ changes: KeyValuePairs<String, JSONValue> = [:]) -> JSONValue {
    var object = JSONObject([
      ("type", "decision"), ("result", "allow"), ("bundles", ["llama"]), ("bound", ["llama"]),
      ("resource", "models/llama/key"),
      ("measure", ["measurement": .string(Hex.encode(Sample.measurement)), "host_data": "00"]),
      ("tcb", ["product": "Milan"]), ("initdata", .null),
    ])
    for change in changes { object[change.key] = change.value }
    return .object(object)
  }

  @Test func anAllowedDecisionNamesItsBundleItsStatementAndWhatMatched() throws {
    let values = try Sample.values(Sample.bundle("llama"))
    let grounds = try #require(Grounds(of: Self.leaf(), on: values))
    let bundle = try #require(grounds.bundles.first)
    #expect(bundle.name == "llama" && bundle.version == 1 && bundle.statement != nil)
    #expect(bundle.matched.map(\.field) == ["measurement", "product"])
    #expect(grounds.by == ["binding": ["llama"]])
    let text = Grounds.text(grounds.json)
    #expect(text.contains("let pass by bundle llama, version 1\n"))
    #expect(text.contains("lists      measurement \(Hex.encode(Sample.measurement))"))
    #expect(text.contains("no rule for this resource; its key was stored for llama"))
  }

  @Test func anAttestationHasNoRuleAndARefusalNoGrounds() throws {
    let values = try Sample.values(Sample.bundle("llama"))
    #expect(Grounds(of: Self.leaf(["resource": .null]), on: values)?.by == .null)
    #expect(Grounds(of: Self.leaf(["result": "deny"]), on: values) == nil)
    #expect(Grounds(of: Self.leaf(["bundles": ["other"]]), on: values) == nil)
    let glass = Grounds(of: Self.leaf(["break_glass": true, "bundles": ["break-glass/x"]]), on: values)
    #expect(glass.map { Grounds.text($0.json) } == "BREAK-GLASS: break-glass/x, not a bundle, let it pass\n")
  }

  @Test func aRuleIsNamedWithItsConditionAndItsStatement() throws {
    let rule: JSONValue = [
      "schema": "vouchsafe/rule/v1", "resource": "models/llama/key", "bundles": ["llama"],
      "condition": ["equals": ["claim": "tee", "value": "snp"]],
    ]
    let values = try Sample.values(Sample.bundle("llama")).taking(.rule, "models/llama/key", rule, by: [0, 1])
    let grounds = try #require(Grounds(of: Self.leaf(), on: values))
    #expect(grounds.by["rule"]?["condition"] == rule["condition"])
    #expect(grounds.by["rule"]?["statement"]?.stringValue?.count == 64)
    #expect(Grounds.text(grounds.json).contains("the rule for this resource permits llama\n"))
  }
}
