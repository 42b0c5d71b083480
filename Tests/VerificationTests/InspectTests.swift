import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

/// What people see: every check, the gravest refusal, and claims only when they are proved.
@Suite struct InspectTests {
  private let guest = SimulatedSNP(.milan)

  private func inspection(
    _ guest: SimulatedSNP, reportData: [UInt8]? = sessionData, certificates: [CarriedCertificate]? = nil,
    at time: Timestamp = now, skipping: Set<CheckName> = []
  ) throws -> Inspection {
    let evidence = try guest.evidence(reportData: sessionData, certificates: certificates)
    return inspect(
      .snp(evidence), with: .none, reportData: reportData, anchors: simulatedAnchors, at: time, skipping: skipping)
  }

  private func outcome(_ name: CheckName, _ inspection: Inspection) -> CheckResult.Outcome? {
    inspection.checks.first { $0.name == name }?.outcome
  }

  @Test func everyCheckIsShownOnce() throws {
    let result = try inspection(guest)
    #expect(result.isVerified)
    #expect(result.simulated)
    #expect(result.checks.map(\.name) == SNPExamination.checks.map(\.name) + SNPExamination.strictChecks)
    #expect(result.skipped == [.revocation])
    #expect(result.claims?["measurement"] == .string(Hex.encode(guest.measurement)))
  }

  @Test func verifyAndInspectAgree() throws {
    let variants: [(inout SimulatedSNP) -> Void] = [
      { _ in }, { $0.keyInfo = 7 << 2 }, { $0.signedPatches = [0x1A0: [1]] }, { $0.patches = [0x90: [1]] },
      { $0.editVEK = { $0.notAfter = now } }, { $0.editVEK = { $0.signature = .pkcs1SHA384 } }, { $0.vmpl = .max },
      { $0.cpu = CPUIdentity(family: 1, model: 1, stepping: 1) },
      { $0.committedTCB = $0.reportedTCB.changing(0, by: 255) },
    ]
    for change in variants {
      let guest = with(guest, change)
      let verified = try guest.verified()
      #expect(try inspection(guest).refusal?.code == verified.refusal?.code)
    }
  }

  @Test func theGravestRefusalIsTheVerdict() throws {
    let stale = with(guest) { $0.editVEK = { $0.notAfter = now } }
    #expect(try inspection(stale).refusal?.code == .certificateExpired)
    #expect(try inspection(with(stale) { $0.patches = [0x90: [1]] }).refusal?.code == .signatureInvalid)
    #expect(try inspection(guest, certificates: []).refusal?.code == .collateralMissing)
    let foreign = try inspection(guest, reportData: [UInt8](repeating: 0, count: 64), certificates: [])
    #expect(foreign.refusal?.code == .reportDataMismatch)
  }

  /// Dates are judged on their own: a person sees that nothing else is wrong.
  @Test func datesAreACheckOfTheirOwn() throws {
    let changes: [(inout SimulatedCertificate) -> Void] = [
      { $0.notAfter = now }, { $0.notBefore = now.adding(.seconds(1)) },
    ]
    for change in changes {
      let template = with(guest.vekTemplate, change)
      let result = try inspection(with(guest) { $0.editVEK = { $0 = template } })
      #expect(outcome(.time, result) == .fail)
      #expect(outcome(.chain, result) == .pass)
      #expect(outcome(.signature, result) == .pass)
    }
  }

  @Test func refusedClaimsAreShownOnlyWhenGenuine() throws {
    let debug = try inspection(with(guest) { $0.policy |= 1 << 19 })
    #expect(debug.refusal?.genuine == true)
    #expect(debug.claims != nil)
    let forged = try inspection(with(guest) { $0.patches = [0x90: [1]] })
    #expect(forged.refusal?.genuine == false)
    #expect(forged.claims == nil)
    #expect(outcome(.debug, forged) == nil)
    #expect(try inspection(guest, reportData: [UInt8](repeating: 0, count: 64)).claims == nil)
  }

  @Test func checksCanBeLeftOutAndAreListed() throws {
    let cases: [(CheckName, (inout SimulatedSNP) -> Void)] = [
      (.debug, { $0.policy |= 1 << 19 }), (.vmpl, { $0.vmpl = 1 }), (.migration, { $0.policy |= 1 << 18 }),
      (.policy, { $0.policy = 0 }), (.platformInfo, { $0.platformInfo = 1 << 40 }),
      (.time, { $0.editVEK = { $0.notAfter = now } }),
      (.tcbOrder, { $0.currentTCB = $0.currentTCB.changing(0, by: 255) }),
    ]
    for (name, change) in cases {
      let guest = with(guest, change)
      #expect(try !inspection(guest).isVerified, "\(name)")
      let result = try inspection(guest, skipping: [name])
      #expect(result.isVerified, "\(name) \(result.checks)")
      #expect(Set(result.skipped) == [.revocation, name])
      #expect(outcome(name, result) == .skipped)
    }
  }

  @Test func revocationThatNobodyCouldAskForIsListed() throws {
    let evidence = UnverifiedEvidence.snp(try guest.evidence(reportData: sessionData))
    func skipped(_ lists: [CertificateRevocationList]) -> [CheckName] {
      inspect(
        evidence, with: Endorsements(revocationLists: lists), reportData: sessionData, anchors: simulatedAnchors,
        at: now
      ).skipped
    }
    #expect(skipped([]) == [.revocation])
    let list = guest.authority.revocationListTemplate(thisUpdate: now.adding(.seconds(-1)), revoking: [])
    #expect(skipped([try CertificateRevocationList(der: list.der)]) == [])
  }

  @Test func whatProvesTheHardwareCannotBeLeftOut() throws {
    let cases: [(CheckName, (inout SimulatedSNP) -> Void)] = [
      (.signature, { $0.patches = [0x90: [1]] }), (.requester, { $0.vmpl = .max }), (.signingKey, { $0.keyInfo = 2 }),
      (.chain, { $0.editVEK = { $0.issuerKey = SimulatedKeys.shared.asvk } }), (.endorsementKind, { $0.keyInfo = 4 }),
      (.product, { $0.cpu = CPUIdentity(family: 0x19, model: 0x11, stepping: 1) }),
    ]
    for (name, change) in cases {
      #expect(!name.isSkippable)
      let result = try inspection(with(guest, change), skipping: [name])
      #expect(!result.isVerified, "\(name)")
      #expect(outcome(name, result) == .fail, "\(name)")
      #expect(!result.skipped.contains(name))
    }
    #expect(try !inspection(guest, reportData: [UInt8](repeating: 0, count: 64), skipping: [.reportData]).isVerified)
  }

  /// The same bytes through the structure that guests send, with every certificate of the store in one bag.
  @Test(.enabled(if: VectorStore.isPresent)) func realReportsKeepTheirVerdictAsKBSEvidenceFromOneBag() throws {
    let cases = try VectorTests.cases()
    let bag = Set(cases.filter(\.isAccepted).flatMap(\.endorsements.certificates))
    for item in cases where item.isAccepted {
      let report = try SNPReport(item.report)
      let text = CanonicalJSON.encode(SNPEvidence(report: report).kbsJSON)
      let evidence = try UnverifiedEvidence.detect(bytes: text)
      let result = inspect(
        evidence, with: Endorsements(certificates: Array(bag)), reportData: report.reportData, anchors: .builtIn,
        at: item.time)
      #expect(result.isVerified, "\(item.id): \(result.refusal.map(\.description) ?? "")")
    }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realReportsAreValidForTheCertificatesDatesOnly() throws {
    for item in try VectorTests.cases() where item.isAccepted {
      let evidence = try UnverifiedEvidence.detect(bytes: item.report)
      for (seconds, code) in [(0, Refusal.Code.certificateNotYetValid), (4_000_000_000, .certificateExpired)] {
        let result = inspect(
          evidence, with: item.endorsements, reportData: nil, anchors: .builtIn, at: Timestamp(seconds: Int64(seconds)))
        #expect(result.refusal?.code == code, "\(item.id)")
      }
    }
  }
}
