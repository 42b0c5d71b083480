import Bytes
import Cryptography
import KBSProtocol
import Testing

@testable import Appraisal

/// What each scope stops, what it leaves alone, and that only the quorum takes it back.
struct RevocationScopeTests {
  private static let pseudonym = [UInt8](repeating: 0x77, count: 16)
  private let reason = StatementContent.revocationBody(reason: "test")

  private var facts: Facts {
    var facts = Sample.facts
    facts.pseudonym = Self.pseudonym
    return facts
  }

  private func codes(_ values: ReferenceValues, path: String = "models/llama/key", version: UInt64 = 3) throws
    -> [String]
  {
    let decision = decide(
      try Sample.path(path), version: version, for: Sample.result(facts, values), boundTo: ["llama"], values: values,
      at: Sample.now)
    guard case .deny(let denial) = decision else { return [] }
    return denial.codes
  }

  private static var policy: String { Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(Sample.plainBundle()))) }

  private static let stopping: [(scope: String, code: String)] = [
    ("everything", "everythingRevoked"), ("bundle/llama", "bundleRevoked"), ("policy/\(policy)", "policyRevoked"),
    ("measurement/\(Hex.encode(Sample.measurement))", "measurementRevoked"),
    ("resource/models/llama/key", "resourceRevoked"), ("resource/models/llama/key@3", "resourceRevoked"),
    ("model/llama", "modelRevoked"), ("tenant/models", "tenantRevoked"),
    ("chip/\(Hex.encode(Sample.chip))", "chipRevoked"), ("platform/\(Hex.encode(pseudonym))", "platformRevoked"),
    ("product/Milan", "productRevoked"),
  ]

  @Test func eachScopeStopsWhatItNames() throws {
    let values = try Sample.values(Sample.plainBundle())
    #expect(try codes(values) == [])
    for (scope, code) in Self.stopping {
      let revoked = try values.revoking(scope, by: [2])
      #expect(try codes(revoked) == [code], "\(scope)")
      #expect(throws: StatementError.quorumTooFew(signed: 1)) { try revoked.taking(.unrevoke, scope, reason, by: [2]) }
      #expect(try codes(try revoked.taking(.unrevoke, scope, reason, by: [0, 2])) == [], "\(scope)")
      #expect(RevocationScope.forms.contains { $0.hasPrefix(scope.prefix { $0 != "/" }) })
    }
  }

  @Test func noScopeStopsAnythingElse() throws {
    let values = try Sample.values(Sample.plainBundle())
    let others = [
      "bundle/mistral", "policy/\(String(repeating: "0", count: 64))",
      "measurement/\(String(repeating: "00", count: 48))",
      "resource/models/llama/key2", "resource/models/llama/key@2", "resource/models/llama/key@4", "model/key",
      "model/models", "tenant/llama", "chip/\(String(repeating: "00", count: 64))",
      "chip/\(String(repeating: "77", count: 16))", "platform/\(String(repeating: "78", count: 16))", "product/Genoa",
      "family/00906ed50000",
    ]
    for scope in others { #expect(try codes(try values.revoking(scope)) == [], "\(scope)") }
    #expect(try codes(try values.revoking("resource/models/llama/key@3"), version: 4) == [])
    #expect(try codes(try values.revoking("model/llama"), path: "models/mistral/key") == [])
  }

  @Test func aRevokedPolicyIsThatOneDocumentOnly() throws {
    let values = try Sample.values(Sample.plainBundle()).revoking("policy/\(Self.policy)")
    #expect(try codes(values) == ["policyRevoked"])
    let next = try values.taking(.reference, "llama", Sample.bundle(), by: [0, 1])
    #expect(try codes(next) == [])
    #expect(try codes(try next.taking(.reference, "llama", Sample.plainBundle(), by: [0, 1])) == ["policyRevoked"])
  }

  @Test func aRevokedRuleStopsItsResource() throws {
    let rule: JSONValue = ["schema": "vouchsafe/rule/v1", "resource": "models/llama/key", "bundles": ["llama"]]
    let values = try Sample.values(Sample.plainBundle()).taking(.rule, "models/llama/key", rule, by: [0, 1])
    #expect(try codes(values) == [])
    let digest = Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(rule)))
    #expect(try codes(try values.revoking("policy/\(digest)")) == ["policyRevoked"])
  }

  @Test func aScopeHasOneForm() throws {
    for (scope, _) in Self.stopping { #expect(try RevocationScope(parsing: scope).text == scope) }
    let malformed = [
      "", "everything/", "everything/x", "Everything", "bundle", "bundle/", "bundle/a b", "policy/", "policy/00",
      "policy/\(Self.policy.uppercased())", "measurement/\(String(repeating: "0", count: 94))", "resource/models/llama",
      "resource/models/llama/key@", "resource/models/llama/key@0", "resource/models/llama/key@01",
      "resource/models/llama/key@1@2", "resource/models/llama/key@-1", "model/", "model/a/b", "model/..", "tenant/",
      "tenant/a/b", "chip/00", "platform/", "platform/\(String(repeating: "0", count: 30))", "family/00",
      "product/milan",
      "gpu/00",
    ]
    for text in malformed { #expect(throws: ParseError.self, "\(text)") { try RevocationScope(parsing: text) } }
  }

  @Test func noNewVersionOfAnythingUndoesARevocation() throws {
    let values = try Sample.values(Sample.plainBundle())
    for (scope, code) in Self.stopping where !scope.hasPrefix("policy/") {
      let again = try values.revoking(scope).taking(.reference, "llama", Sample.plainBundle(), by: [0, 1])
      #expect(try codes(again) == [code])
    }
  }
}
