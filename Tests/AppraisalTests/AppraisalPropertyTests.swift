import Bytes
import Evidence
import TestSupport
import Testing
import Verification

@testable import Appraisal

/// Rules that hold for every bundle and every platform, tried on some thousands of each.
struct AppraisalPropertyTests {
  private static let edits: [@Sendable (inout SNPFacts) -> Void] = [
    { $0.measurement[0] ^= 1 }, { $0.hostData[0] ^= 1 }, { $0.chipID[0] ^= 1 }, { $0.guestSVN = 2 }, { $0.vmpl = 1 },
    { $0.guestPolicy |= 1 << 16 }, { $0.platformInfo |= 1 }, { $0.platformInfo = 0 }, { $0.launchMitigations = nil },
    { $0.isRevocationChecked = false }, { $0.product = .genoa }, { $0.idKeyDigest[0] ^= 1 },
    { $0.isAuthorKeyEnabled = false }, { $0.reportedTCB = Sample.tcb(snp: 23) },
    { $0.launchTCB = Sample.tcb(microcode: 1) }, { $0.reportedTCB = Sample.tcb(snp: 200) }, { $0.guestSVN = 200 },
  ]

  /// Optional requirements; each makes a bundle that has it stricter than one that has not.
  private static let optional = [
    "tees.snp.hostData", "tees.snp.chipIDs", "tees.snp.idKeyDigests", "tees.snp.authorKeyDigests",
    "tees.snp.minimumGuestSVN", "tees.snp.guestPolicy", "tees.snp.platformInfo", "tees.snp.mitigationVectors",
    "notBefore", "notAfter", "resources",
  ]

  /// Changes that ask for more in a requirement that every bundle has.
  private static let tightenings: [(String, JSONValue)] = [
    ("tees.snp.minimumTCB.Milan.reported.snp", 25), ("tees.snp.minimumTCB.Milan.launch.microcode", 220),
    ("tees.snp.minimumTCB.Milan.reported.tee", 1), ("tees.snp.minimumGuestSVN", 100),
    ("tees.snp.mitigationVectors", ["launch": 7, "current": 7]),
    ("tees.snp.guestPolicy", ["required": ["singleSocket"], "forbidden": ["smtAllowed", "debugAllowed"]]),
    ("notAfter", "2026-02-01T00:00:00Z"), ("resources", ["models/llama/key", "a/b/c"]),
  ]

  private func platform(_ random: inout SeededGenerator) -> Facts {
    var facts = Sample.facts { snp in
      for edit in Self.edits where Int.random(in: 0..<12, using: &random) == 0 { edit(&snp) }
    }
    facts.isSimulated = Int.random(in: 0..<10, using: &random) == 0
    return facts
  }

  private func looseBundle(_ name: String, _ random: inout SeededGenerator) -> JSONValue {
    var edits: [String: JSONValue?] = [:]
    for path in Self.optional where Bool.random(using: &random) { edits.updateValue(nil, forKey: path) }
    if Int.random(in: 0..<4, using: &random) == 0 { edits["acceptingSimulatedEvidence"] = true }
    if Int.random(in: 0..<4, using: &random) == 0 { edits["tees.snp.vmpls"] = [0, 1] }
    if Int.random(in: 0..<4, using: &random) == 0 { edits["tees.snp.requireRevocationCheck"] = false }
    return Sample.bundle(name, edits)
  }

  private func allows(_ bundle: JSONValue, _ facts: Facts, _ values: ReferenceValues) throws -> Bool {
    var values = values
    values.bundles["llama"] = ReferenceValues.ActiveBundle(
      bundle: try ReferenceBundle(document: bundle), version: 1, digest: [])
    let decision = decide(
      try Sample.path(), version: 1, for: Sample.result(facts, values), boundTo: ["llama"], values: values,
      at: Sample.now)
    if case .allow = decision { return true }
    return false
  }

  @Test func tighteningABundleNeverTurnsDenyIntoAllow() throws {
    var random = SeededGenerator(seed: 7)
    let values = ReferenceValues(quorum: try Sample.quorum())
    var changed = 0
    for _ in 0..<1500 {
      let facts = platform(&random)
      let loose = looseBundle("llama", &random)
      var tight = loose
      if Bool.random(using: &random), let path = Self.optional.randomElement(using: &random) {
        let segments = path.split(separator: ".").map(String.init)
        let full = Sample.bundle().member(segments[...])
        if loose.member(segments[...]) == nil { tight.set(segments[...], full) }
      } else if let (path, value) = Self.tightenings.randomElement(using: &random) {
        // Only where the loose bundle asks for less or the same.
        if path != "resources" || loose["resources"] == nil {
          tight.set(path.split(separator: ".").map(String.init)[...], value)
        }
      }
      let before = try allows(loose, facts, values)
      let after = try allows(tight, facts, values)
      #expect(before || !after, "\(CanonicalJSON.text(tight))")
      if before && !after { changed += 1 }
    }
    #expect(changed > 20)
  }

  @Test func theOrderInWhichBundlesCameDoesNotMatter() throws {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<30 {
      let bundles = (0..<4).map { looseBundle("b\($0)", &random) }
      let facts = platform(&random)
      let forward = Sample.result(facts, try Sample.values(bundles))
      let shuffled = Sample.result(facts, try Sample.values(bundles.shuffled(using: &random)))
      #expect(forward.verdict == shuffled.verdict)
    }
  }

  @Test func anExpiredOrRevokedBundleNeverAccepts() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<60 {
      let facts = platform(&random)
      var expired = looseBundle("llama", &random)
      expired.set(["notBefore"], nil)
      expired.set(["notAfter"], .string(Sample.now.rfc3339))
      #expect(!Sample.result(facts, try Sample.values(expired)).isAccepted)
      let revoked = try Sample.values(looseBundle("llama", &random)).revoking("bundle/llama")
      #expect(!Sample.result(facts, revoked).isAccepted)
    }
  }

  @Test func theSameInputsAlwaysGiveTheSameResult() throws {
    var random = SeededGenerator(seed: 10)
    for _ in 0..<50 {
      let values = try Sample.values(looseBundle("a", &random), looseBundle("b", &random))
      let facts = platform(&random)
      #expect(Sample.result(facts, values) == Sample.result(facts, values))
    }
  }
}

extension JSONValue {
  func member(_ path: ArraySlice<String>) -> JSONValue? {
    path.reduce(self as JSONValue?) { value, name in value?[name] }
  }
}
