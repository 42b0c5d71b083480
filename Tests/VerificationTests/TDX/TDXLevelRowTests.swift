import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Rows of the table of checks on levels and statuses; T17 to T21 are also `TCBEvaluationTests`.
@Suite struct TDXLevelRowTests {
  private let sample = SimulatedTDX.sample

  @Test func t17ThePlatformsOwnLevelCounts() throws {
    for index in [0, 7] {
      let old = try guest { $0.platform.components[index] -= 1 }.tdxClaims()
      #expect(old.tcb.status == .outOfDate && old.tcb.platform == .outOfDate && old.tcb.module == .upToDate)
    }
    #expect(try guest { $0.platform.pceSVN = 10 }.tdxClaims().tcb.status == .revoked)
    #expect(try guest { $0.platform.pceSVN = 4 }.tdxClaims().tcb.status == .notSupported)
  }

  @Test func t18ComponentsOfAModuleWithAnIdentityAreNotComparedTwice() throws {
    let claims = try guest { $0.collateral.tcbInfo.levels[0].tdx[0] = 9 }.tdxClaims()
    #expect(claims.tcb.status == .upToDate)
    #expect(try guest { $0.collateral.tcbInfo.levels[0].tdx[2] = 9 }.tdxClaims().tcb.status == .outOfDate)
  }

  @Test func t19TheModuleIsOneThatIsDescribed() throws {
    #expect(try guest { $0.teeTCBSVN[1] = 2 }.refusal() == "moduleMismatch teeTCBSVN")
    #expect(try guest { $0.collateral.tcbInfo.modules[1].id = "tdx_01" }.refusal() == nil)
    let signer = guest { $0.collateral.tcbInfo.modules[1].mrSigner[0] = 1 }
    #expect(try signer.refusal() == "moduleMismatch mrSignerSeam")
    // The entry that levels without an identity go by says nothing about this module.
    #expect(try guest { $0.collateral.tcbInfo.module.mrSigner[0] = 1 }.refusal() == nil)
    let old = try guest { $0.teeTCBSVN[0] = 5 }.tdxClaims()
    #expect(old.tcb.module == .outOfDate && old.tcb.status == .outOfDate)
    #expect(old.tcb.advisoryIDs == ["INTEL-SA-01036", "INTEL-SA-01099"])
    #expect(try guest { $0.teeTCBSVN[0] = 1 }.tdxClaims().tcb.status == .notSupported)
  }

  @Test func t20TheStatusIsConvergedAndNeverReplaced() throws {
    let old = try guest { $0.platform.components[0] = 7 }.tdxClaims()
    #expect(old.tcb.module == .upToDate && old.tcb.enclave == .upToDate)
    #expect(old.tcb.status == .outOfDate)
    let revoked = try guest { $0.collateral.tcbInfo.modules[1].levels[0].verdict.status = "Revoked" }.tdxClaims()
    #expect(revoked.tcb.tdx == .upToDate && revoked.tcb.status == .revoked)
  }

  @Test func t21ATDOlderThanItsPlatformOughtToBeLaunchedAgain() throws {
    let relaunch = guest {
      $0.useVersion5()
      $0.teeTCBSVN = [4, 1, 8] + [UInt8](repeating: 0, count: 13)
      $0.teeTCBSVN2 = [6, 1, 8] + [UInt8](repeating: 0, count: 13)
    }
    #expect(try relaunch.tdxClaims().tcb.status == .relaunchAdvised)
    #expect(try relaunch.strictCodes() == [.tcbNotUpToDate])
    #expect(
      try with(relaunch) { $0.teeTCBSVN2 = [4, 1, 8] + [UInt8](repeating: 0, count: 13) }.tdxClaims().tcb.status
        == .outOfDate)
    #expect(try with(relaunch) { $0.teeTCBSVN2?[1] = 7 }.refusal() == "moduleMismatch teeTCBSVN")
    let configured = with(relaunch) { $0.collateral.tcbInfo.levels[0].verdict.status = "ConfigurationNeeded" }
    #expect(try configured.tdxClaims().tcb.status == .relaunchAdvisedConfigurationNeeded)
  }

  @Test func t22AnOlderEvaluationThanIsKnownIsRefused() throws {
    let fmspc = sample.platform.fmspc
    for (floors, isAccepted) in [
      (EvaluationFloors(minimum: 19), true), (EvaluationFloors(minimum: 20), false),
      (EvaluationFloors(seen: [fmspc: 19]), true), (EvaluationFloors(seen: [fmspc: 20]), false),
      (EvaluationFloors(seen: [[0, 0, 0, 0, 0, 0]: 20]), true),
    ] {
      let code = try sample.verified(floors: floors).refusal?.code
      #expect(code == (isAccepted ? nil : .evaluationTooOld))
    }
  }

  @Test func t22TheNewestEvaluationAtHandIsTheOneThatCounts() throws {
    let newer = guest {
      $0.collateral.tcbInfo.evaluationDataNumber = 20
      $0.collateral.tcbInfo.levels[0].sgx[0] = 9
    }
    let both = Endorsements(recognising: sample.collateral.files.map(\.bytes) + [newer.collateral.tcbInfoDocument])
    #expect(try sample.verified(with: both).get().tdx?.tcb.status == .outOfDate)
    #expect(try sample.verified(with: both).get().tdx?.tcb.evaluationNumber == 20)
    let reversed = Endorsements(recognising: [newer.collateral.tcbInfoDocument] + sample.collateral.files.map(\.bytes))
    #expect(try sample.verified(with: reversed).get().tdx?.tcb.status == .outOfDate)
  }
}
