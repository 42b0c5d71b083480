import Bytes
import Evidence
import TestSupport
import Testing
import Verification

@testable import Appraisal

struct AppraiseTests {
  private func codes(_ facts: Facts, _ bundle: JSONValue = Sample.bundle(), at now: Timestamp = Sample.now) throws
    -> [String]
  {
    switch judge(facts, claims: .null, against: try Sample.values(bundle), at: now).verdict {
    case .accepted: return []
    case .refused(let denial):
      #expect(denial.nearest == "llama")
      return denial.codes
    }
  }

  @Test func aPlatformThatMeetsABundleIsAccepted() throws {
    let values = try Sample.values(Sample.bundle(), Sample.bundle("other", ["tees.snp.minimumGuestSVN": 9]))
    let result = Sample.result(values)
    #expect(result.verdict == .accepted(bundles: ["llama"]))
    #expect(result.epoch == 2)
    #expect(result.valuesDigest == values.digest)
    #expect(result.at == Sample.now)
  }

  @Test func withoutReferenceValuesNothingIsAccepted() throws {
    let result = Sample.result(ReferenceValues(quorum: try Sample.quorum()))
    guard case .refused(let denial) = result.verdict else {
      Issue.record("accepted")
      return
    }
    #expect(denial.codes == ["noReferenceValues"])
  }

  /// Each field alone, changed by the least that matters, is refused for that field and nothing else.
  @Test func eachDifferenceAloneIsRefusedByItsName() throws {
    let lower = Sample.floor
    let cases: [(Mismatch.Code, (inout SNPFacts) -> Void)] = [
      (.measurementUnknown, { $0.measurement[47] ^= 1 }), (.hostDataMismatch, { $0.hostData[0] ^= 0x80 }),
      (.chipNotAllowed, { $0.chipID[63] ^= 1 }), (.chipNotAllowed, { $0.chipID = Array(repeating: 0, count: 64) }),
      (.vmplNotAllowed, { $0.vmpl = 1 }), (.guestSVNTooLow, { $0.guestSVN = 2 }),
      (.idKeyNotAllowed, { $0.idKeyDigest[0] ^= 1 }), (.authorKeyNotAllowed, { $0.authorKeyDigest[0] ^= 1 }),
      (.authorKeyNotAllowed, { $0.isAuthorKeyEnabled = false }), (.productNotAllowed, { $0.product = .genoa }),
      (.signingKeyNotAllowed, { $0.signingKey = .vlek }), (.revocationUnchecked, { $0.isRevocationChecked = false }),
      (.guestPolicyForbidden, { $0.guestPolicy |= 1 << 16 }), (.guestPolicyForbidden, { $0.guestPolicy |= 1 << 19 }),
      (.platformInfoMissing, { $0.platformInfo &= ~(1 << 5) }), (.platformInfoForbidden, { $0.platformInfo |= 1 }),
      (.mitigationMissing, { $0.launchMitigations = 0b100 }), (.mitigationMissing, { $0.currentMitigations = 0b101 }),
      (.mitigationMissing, { $0.launchMitigations = nil }),
      (.reportedTCBTooLow, { $0.reportedTCB = Sample.tcb(bootLoader: lower.bootLoader - 1) }),
      (.reportedTCBTooLow, { $0.reportedTCB = Sample.tcb(snp: lower.snp - 1) }),
      (.reportedTCBTooLow, { $0.reportedTCB = Sample.tcb(microcode: lower.microcode - 1) }),
      (.launchTCBTooLow, { $0.launchTCB = Sample.tcb(bootLoader: lower.bootLoader - 1) }),
      (.launchTCBTooLow, { $0.launchTCB = Sample.tcb(snp: lower.snp - 1) }),
      (.launchTCBTooLow, { $0.launchTCB = Sample.tcb(microcode: lower.microcode - 1) }),
    ]
    #expect(try codes(Sample.facts) == [])
    for (code, edit) in cases { #expect(try codes(Sample.facts(edit)) == [code.rawValue]) }
  }

  @Test func theTEEAndFirmwareComponentsHaveFloorsToo() throws {
    let floors: JSONValue = ["bootLoader": 4, "tee": 1, "snp": 24, "microcode": 219]
    let bundle = Sample.bundle("llama", ["tees.snp.minimumTCB.Milan.reported": floors])
    #expect(try codes(Sample.facts, bundle) == ["reportedTCBTooLow"])
    #expect(try codes(Sample.facts { $0.reportedTCB = Sample.tcb(tee: 1) }, bundle) == [])
    let turin: JSONValue = ["fmc": 2, "bootLoader": 0, "tee": 0, "snp": 0, "microcode": 0]
    let onTurin = Sample.bundle(
      "llama",
      [
        "tees.snp.products": ["Turin"],
        "tees.snp.minimumTCB": ["Turin": .object([("reported", turin), ("launch", turin)])],
      ])
    for (fmc, expected) in [(UInt8?.none, ["reportedTCBTooLow"]), (1, ["reportedTCBTooLow"]), (2, [])] {
      let facts = Sample.facts {
        $0.product = .turin
        $0.reportedTCB = Sample.tcb(fmc: fmc)
        $0.launchTCB = Sample.tcb(fmc: 2)
      }
      #expect(try codes(facts, onTurin) == expected)
    }
  }

  @Test func higherLevelsAndOtherBitsAreNoDifference() throws {
    let facts = Sample.facts {
      $0.reportedTCB = Sample.tcb(bootLoader: 5, snp: 255, microcode: 255)
      $0.guestSVN = 4
      $0.guestPolicy |= 1 << 20
      $0.platformInfo |= 1 << 2
      $0.launchMitigations = .max
    }
    #expect(try codes(facts) == [])
  }

  @Test func aVLEKIsAcceptedFromANamedProviderOnly() throws {
    let bundle = Sample.bundle(
      "llama",
      ["tees.snp.signingKeys": ["VLEK"], "tees.snp.providers": ["cn=cloud"], "tees.snp.chipIDs": nil])
    for (provider, expected) in [("cn=cloud", []), ("cn=other", ["providerNotAllowed"]), (nil, ["providerNotAllowed"])]
    {
      let facts = Sample.facts {
        $0.signingKey = .vlek
        $0.cspID = provider
      }
      #expect(try codes(facts, bundle) == expected)
    }
  }

  @Test func aBundleHoldsFromItsFirstInstantUntilItsLast() throws {
    let from = try Timestamp(rfc3339: "2026-01-01T00:00:00Z")
    let until = try Timestamp(rfc3339: "2027-01-01T00:00:00Z")
    #expect(try codes(Sample.facts, at: from.adding(.milliseconds(-1))) == ["bundleNotYetValid"])
    #expect(try codes(Sample.facts, at: from) == [])
    #expect(try codes(Sample.facts, at: until.adding(.milliseconds(-1))) == [])
    #expect(try codes(Sample.facts, at: until) == ["bundleExpired"])
  }

  @Test func simulatedEvidencePassesOnlyWhereABundleSaysSo() throws {
    var facts = Sample.facts
    facts.isSimulated = true
    #expect(try codes(facts) == ["simulatedEvidence"])
    let bundle = Sample.bundle("llama", ["acceptingSimulatedEvidence": true])
    let result = Sample.result(facts, try Sample.values(bundle))
    #expect(result.isAccepted && result.isSimulated)
  }

  @Test func theStrictRuleHoldsWhateverTheBundleSays() throws {
    for code in Refusal.Code.allCases where code.kind == .unacceptable && code != .vmplNotZero {
      var facts = Sample.facts
      facts.strictRefusals = [Refusal(code, "field", got: "1", wanted: "0", genuine: true)]
      #expect(try codes(facts) == [code.rawValue], "\(code)")
      #expect(try codes(facts, Sample.plainBundle()) == [code.rawValue])
      #expect(try codes(facts, Sample.bundle("llama", ["tees.snp.vmpls": [0, 1, 2, 3]])) == [code.rawValue])
    }
    var facts = Sample.facts
    facts.strictRefusals = [Refusal(.tcbOrder, "f")]
    #expect(try codes(facts) == ["strictRule"])
  }

  /// The one door in the strict rule: the bundle pins the measurement of the layer below and names the level.
  @Test func anotherVMPLPassesOnlyWhenTheBundleNamesIt() throws {
    var facts = Sample.facts { $0.vmpl = 2 }
    facts.strictRefusals = [Refusal(.vmplNotZero, "vmpl", got: "2", wanted: "0", genuine: true)]
    #expect(try codes(facts) == ["vmplNotZero", "vmplNotAllowed"])
    #expect(try codes(facts, Sample.bundle("llama", ["tees.snp.vmpls": [2]])) == [])
    #expect(try codes(facts, Sample.bundle("llama", ["tees.snp.vmpls": [1, 3]])) == ["vmplNotAllowed"])
  }

  @Test func theNearestBundleHasTheFewestDifferences() throws {
    let far = Sample.bundle(
      "a-far", ["tees.snp.minimumGuestSVN": 9, "tees.snp.hostData": [.string(String(repeating: "44", count: 32))]])
    let near = Sample.bundle("z-near", ["tees.snp.minimumGuestSVN": 9])
    let tie = Sample.bundle("y-tie", ["tees.snp.minimumGuestSVN": 8])
    guard case .refused(let denial) = Sample.result(try Sample.values(far, near, tie)).verdict else {
      Issue.record("accepted")
      return
    }
    #expect(denial.nearest == "y-tie")
    #expect(denial.codes == ["guestSVNTooLow"])
    #expect(denial.nearestMismatches.map(\.wanted) == ["at least 8"])
    #expect(denial.mismatches.map(\.bundle) == ["y-tie", "z-near", "a-far", "a-far"])
  }

  @Test func differencesAreBounded() throws {
    var values = ReferenceValues(quorum: try Sample.quorum())
    for index in 0..<100 {
      let bundle = try ReferenceBundle(document: Sample.bundle("b\(index)", ["tees.snp.minimumGuestSVN": 9]))
      values.bundles[bundle.name] = ReferenceValues.ActiveBundle(bundle: bundle, version: 1, digest: [])
    }
    guard case .refused(let denial) = Sample.result(values).verdict else {
      Issue.record("accepted")
      return
    }
    #expect(denial.mismatches.count == Denial.mismatchLimit)
    #expect(denial.nearest == "b0")
  }

  @Test func revocationsOfThePlatformHoldForEveryBundle() throws {
    let scopes = [
      ("everything", Mismatch.Code.everythingRevoked), ("product/Milan", .productRevoked),
      ("measurement/" + Hex.encode(Sample.measurement), .measurementRevoked),
      ("chip/" + Hex.encode(Sample.chip), .chipRevoked), ("bundle/llama", .bundleRevoked),
    ]
    for (scope, code) in scopes {
      let values = try Sample.values(Sample.bundle()).revoking(scope)
      guard case .refused(let denial) = Sample.result(values).verdict else {
        Issue.record("accepted after \(scope)")
        continue
      }
      #expect(denial.codes == [code.rawValue])
    }
    for scope in ["product/Genoa", "measurement/" + String(repeating: "ab", count: 48), "bundle/other"] {
      #expect(Sample.result(try Sample.values(Sample.bundle()).revoking(scope)).isAccepted)
    }
  }
}

extension Sample {
  static func tcb(
    fmc: UInt8? = nil, bootLoader: UInt8 = 4, tee: UInt8 = 0, snp: UInt8 = 24, microcode: UInt8 = 219
  ) -> TCBVersion.Components {
    TCBVersion.Components(fmc: fmc, bootLoader: bootLoader, tee: tee, snp: snp, microcode: microcode)
  }
}
