import Bytes
import Evidence
import SimulatedTEE
import Testing
import Verification

@testable import Appraisal

/// From signed reports to judgement: what the verifier proves is what is judged.
struct AppraiseClaimsTests {
  private let now = Timestamp(seconds: 1_788_170_400)

  private func claims(_ edit: (inout SimulatedSNP) -> Void = { _ in }) throws -> Claims {
    var guest = SimulatedSNP()
    guest.platformInfo = 0x20
    edit(&guest)
    let reportData = [UInt8](repeating: 0x42, count: 64)
    let anchors = Anchors.builtIn.adding(try Anchors.parseFile(CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)))
    return try verify(
      .snp(try guest.evidence(reportData: reportData)), with: .none, binding: Binding(reportData: reportData),
      anchors: anchors, at: now
    ).get()
  }

  private let bundle = Sample.bundle(
    "llama",
    [
      "acceptingSimulatedEvidence": true, "tees.snp.requireRevocationCheck": false, "tees.snp.chipIDs": nil,
      "tees.snp.hostData": nil, "tees.snp.idKeyDigests": nil, "tees.snp.authorKeyDigests": nil,
      "tees.snp.minimumGuestSVN": nil, "tees.snp.mitigationVectors": nil,
      "tees.snp.guestPolicy": ["forbidden": ["smtAllowed"]],
    ])

  private func codes(_ claims: Claims, _ edits: [String: JSONValue?] = [:]) throws -> [String] {
    var bundle = bundle
    for (path, value) in edits { bundle.set(path.split(separator: ".").map(String.init)[...], value) }
    switch appraise(claims, pseudonym: nil, against: try Sample.values(bundle), at: now).verdict {
    case .accepted: return []
    case .refused(let denial): return denial.codes
    }
  }

  @Test func provedClaimsAreJudgedAsTheyStand() throws {
    let claims = try claims { $0.policy = 0x20100 }
    let result = appraise(claims, pseudonym: nil, against: try Sample.values(bundle), at: now)
    #expect(result.verdict == .accepted(bundles: ["llama"]))
    #expect(result.isSimulated)
    #expect(result.claims == claims.json)
    #expect(result.facts == Facts(claims))
  }

  @Test func eachFieldOfTheReportReachesTheJudgement() throws {
    let good: @Sendable (inout SimulatedSNP) -> Void = { $0.policy = 0x20100 }
    func with(_ edit: (inout SimulatedSNP) -> Void) throws -> Claims {
      try claims {
        good(&$0)
        edit(&$0)
      }
    }
    #expect(try codes(try with { $0.measurement[0] = 1 }) == ["measurementUnknown"])
    #expect(try codes(try with { $0.policy |= 1 << 16 }) == ["guestPolicyForbidden"])
    #expect(try codes(try with { $0.policy |= 1 << 19 }) == ["debugEnabled"])
    #expect(try codes(try with { $0.policy |= 1 << 18 }) == ["migrationAllowed"])
    #expect(try codes(try with { $0.vmpl = 1 }) == ["vmplNotZero", "vmplNotAllowed"])
    #expect(try codes(try with { $0.vmpl = 1 }, ["tees.snp.vmpls": [1]]) == [])
    #expect(try codes(try with { $0.policy |= 1 << 19 }, ["tees.snp.vmpls": [0, 1, 2, 3]]) == ["debugEnabled"])
    #expect(try codes(try with { $0.platformInfo = 0 }) == ["platformInfoMissing"])
    #expect(try codes(try with { $0.platformInfo = 0x120 }) == ["platformUnknownBits"])
    #expect(try codes(try with { _ in }, ["acceptingSimulatedEvidence": false]) == ["simulatedEvidence"])
    #expect(try codes(try with { _ in }, ["tees.snp.requireRevocationCheck": true]) == ["revocationUnchecked"])
    #expect(try codes(try with { _ in }, ["tees.snp.minimumGuestSVN": 1]) == ["guestSVNTooLow"])
    #expect(try codes(try with { $0.guestSVN = 1 }, ["tees.snp.minimumGuestSVN": 1]) == [])
    let host: [String: JSONValue?] = ["tees.snp.hostData": [.string(String(repeating: "77", count: 32))]]
    #expect(try codes(try with { _ in }, host) == ["hostDataMismatch"])
    #expect(try codes(try with { $0.hostData = Array(repeating: 0x77, count: 32) }, host) == [])
    #expect(try codes(try with { $0.launchTCB = Sample.tcb(snp: 23) }) == ["launchTCBTooLow"])
    #expect(try codes(try with { $0.setTCB(Sample.tcb(microcode: 218)) }) == ["reportedTCBTooLow", "launchTCBTooLow"])
    let mitigations: [String: JSONValue?] = ["tees.snp.mitigationVectors": ["launch": 1, "current": 2]]
    #expect(try codes(try with { _ in }, mitigations) == ["mitigationMissing"])
    let patched = try with {
      $0.version = 5
      $0.launchMitigations = 3
      $0.currentMitigations = 3
    }
    #expect(try codes(patched, mitigations) == [])
  }
}
