import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// What people see of a quote.
@Suite struct TDXInspectTests {
  private let sample = SimulatedTDX.sample

  private func outcome(_ name: CheckName, _ inspection: Inspection) -> CheckResult.Outcome? {
    inspection.checks.first { $0.name == name }?.outcome
  }

  @Test func everyCheckIsShownOnce() throws {
    let result = try sample.inspection()
    #expect(result.isVerified && result.simulated && result.tee == .tdx)
    #expect(result.checks.map(\.name) == TDXExamination.checks.map(\.name) + TDXExamination.strictChecks)
    #expect(Set(result.checks.map(\.name)).count == result.checks.count)
    #expect(result.claims?["tcbStatus"] == "UpToDate")
  }

  @Test func verifyAndInspectAgree() throws {
    let variants: [(inout SimulatedTDX) -> Void] = [
      { _ in }, { $0.qeVendorID[0] = 0 }, { $0.platform.fmspc[0] ^= 1 }, { $0.collateral.tcbInfo.nextUpdate = now },
      { $0.editPCK = { $0.issuerKey = SimulatedIntelKeys.stranger } },
      { $0.collateral.pckLists[0].revokedSerials = [0x1001] }, { $0.collateral.rootList.revokedSerials = [2] },
      { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } },
      { $0.collateral.editQEIdentity = { $0.key = SimulatedIntelKeys.stranger } },
      { $0.qeSigningKey = SimulatedIntelKeys.stranger }, { $0.bodySigningKey = SimulatedIntelKeys.stranger },
      { $0.qeReport.isvProdID = 3 }, { $0.mrSignerSEAM[0] = 1 }, { $0.teeTCBSVN[1] = 9 },
      { $0.collateral.signer.notAfter = now },
    ]
    for (index, change) in variants.enumerated() {
      let guest = guest(change)
      let verified = try guest.verified()
      #expect(try guest.inspection().refusal?.code == verified.refusal?.code, "\(index)")
    }
  }

  @Test func signaturesAreJudgedWhateverTheDates() throws {
    let stale = try sample.inspection(at: now.adding(.seconds(400 * 86_400)))
    #expect(stale.refusal?.code.kind == .stale)
    for name in [CheckName.chain, .revocation, .tcbInfo, .enclaveIdentity, .enclaveSignature, .signature] {
      #expect(outcome(name, stale) == .pass, "\(name): \(stale.checks)")
    }
    let forged = guest { $0.bodySigningKey = SimulatedIntelKeys.stranger }
    #expect(try forged.inspection(at: now.adding(.seconds(400 * 86_400))).refusal?.code == .signatureInvalid)
    let revoked = guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }
    #expect(try revoked.inspection(at: now.adding(.seconds(400 * 86_400))).refusal?.code == .certificateRevoked)
  }

  /// Certificates and lists that were never valid together: no moment exists at which the chain could be verified whole.
  @Test func datesThatNeverMeetHideNeitherForgeryNorRevocation() throws {
    let (past, longAgo) = (issued.adding(.seconds(-30 * 86_400)), issued.adding(.seconds(-60 * 86_400)))
    let cases: [(inout SimulatedTDX) -> Void] = [
      { ($0.collateral.rootList.thisUpdate, $0.collateral.rootList.nextUpdate) = (longAgo, past) },
      { $0.editPCK = { ($0.notBefore, $0.notAfter) = (longAgo, past) } },
      { ($0.collateral.signer.notBefore, $0.collateral.signer.notAfter) = (longAgo, past) },
    ]
    for (index, change) in cases.enumerated() {
      let stale = guest(change)
      #expect(try stale.inspection().refusal?.code.kind == .stale, "\(index)")
      let forged = with(stale) { $0.bodySigningKey = SimulatedIntelKeys.stranger }
      #expect(try forged.inspection().refusal?.code == .signatureInvalid, "\(index)")
      let revoked = with(stale) { $0.collateral.pckLists[0].revokedSerials = [0x1001] }
      #expect(try revoked.inspection().refusal?.code == .certificateRevoked, "\(index)")
      let revokedIssuer = with(stale) { $0.collateral.rootList.revokedSerials = [2] }
      #expect(try revokedIssuer.inspection().refusal?.code == .certificateRevoked, "\(index)")
      let revokedSigner = with(stale) { $0.collateral.rootList.revokedSerials = [4] }
      #expect(try revokedSigner.inspection().refusal?.code == .certificateRevoked, "\(index)")
    }
  }

  @Test func missingCollateralIsNamedAndNeverAPass() throws {
    let names = ["tcb-info.json", "qe-identity.json", "root-crl.der", "pck-crl-platform.der", "tcb-signing.der"]
    for name in names {
      let result = try sample.inspection(with: sample.endorsements { $0.removeAll { $0.name == name } })
      #expect(result.refusal?.code == .collateralMissing, "\(name)")
      #expect(result.claims == nil)
    }
    #expect(try sample.inspection(with: Endorsements.none).refusal?.code == .collateralMissing)
  }

  @Test func checksCanBeLeftOutAndAreListed() throws {
    let cases: [(CheckName, (inout SimulatedTDX) -> Void)] = [
      (.tcb, { $0.collateral.tcbInfo.levels[0].verdict.status = "OutOfDate" }), (.debug, { $0.tdAttributes |= 1 }),
      (.migration, { $0.tdAttributes |= 1 << 29 }), (.attributes, { $0.tdAttributes |= 1 << 63 }),
      (.serviceTD, { $0.tdAttributes |= 1 << 17 }), (.features, { $0.xfam = 1 }),
      (.time, { $0.collateral.tcbInfo.nextUpdate = now }),
      (.revocation, { $0.collateral.pckLists[0].revokedSerials = [0x1001] }),
      (.revocation, { $0.collateral.rootList.revokedSerials = [4] }),
      (
        .eventLog,
        {
          $0.measure(.booted)
          $0.rtmrs[0][0] ^= 1
        }
      ),
    ]
    for (name, change) in cases {
      let guest = guest(change)
      #expect(try !guest.inspection().isVerified, "\(name)")
      let result = try guest.inspection(skipping: [name])
      #expect(result.isVerified, "\(name) \(result.checks)")
      #expect(result.skipped == [name])
      #expect(outcome(name, result) == .skipped)
    }
  }

  @Test func revocationLeftOutIsNotSaidToBeChecked() throws {
    let without = sample.endorsements { $0.removeAll { $0.name.hasSuffix("crl.der") || $0.name.contains("crl-") } }
    let result = try sample.inspection(with: without, skipping: [.revocation])
    #expect(result.isVerified, "\(result.checks)")
    #expect(result.claims?["revocation"]?["status"] == "unavailable")
  }

  @Test func whatProvesTheHardwareCannotBeLeftOut() throws {
    let all = Set(CheckName.allCases)
    let forgeries: [(inout SimulatedTDX) -> Void] = [
      { $0.bodySigningKey = SimulatedIntelKeys.stranger }, { $0.qeSigningKey = SimulatedIntelKeys.stranger },
      { $0.editPCK = { $0.issuerKey = SimulatedIntelKeys.stranger } }, { $0.qeReport.mrSigner[0] ^= 1 },
      { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }, { $0.mrSignerSEAM[0] = 1 },
      { $0.collateral.editQEIdentity = { $0.key = SimulatedIntelKeys.stranger } }, { $0.qeVendorID[0] = 0 },
      { $0.qeReport.reportData = [UInt8](repeating: 0, count: 64) }, { $0.collateral.tcbInfo.fmspc[0] ^= 1 },
    ]
    for (index, change) in forgeries.enumerated() {
      #expect(try !guest(change).inspection(skipping: all).isVerified, "\(index)")
    }
    #expect(try !sample.inspection(reportData: [UInt8](repeating: 0, count: 64), skipping: all).isVerified)
  }
}
