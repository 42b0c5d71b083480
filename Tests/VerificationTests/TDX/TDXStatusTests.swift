import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Levels and statuses on whole quotes.
@Suite struct TDXStatusTests {
  private func status(_ change: (inout SimulatedTDX) -> Void) throws -> TCBStatus {
    try guest(change).tdxClaims().tcb.status
  }

  @Test func n16EveryStatusOfALevelReachesTheClaims() throws {
    for written in TCBStatus.allCases.filter(\.isWritten) {
      let guest = guest {
        $0.collateral.tcbInfo.levels[0].verdict = SimulatedVerdict(written.rawValue, advisories: ["INTEL-SA-00001"])
      }
      let claims = try guest.tdxClaims()
      #expect(claims.tcb.status == written)
      #expect(claims.tcb.advisoryIDs == ["INTEL-SA-00001"])
      #expect(try guest.strictCodes() == (written == .upToDate ? [] : [.tcbNotUpToDate]))
      #expect(try guest.inspection().refusal?.code.kind == (written == .upToDate ? nil : .unacceptable))
    }
  }

  @Test func levelsAreOrderedByUsAndNotByTheDocument() throws {
    #expect(try status { $0.collateral.tcbInfo.levels.reverse() } == .upToDate)
    #expect(try status { $0.collateral.tcbInfo.modules[1].levels.reverse() } == .upToDate)
    #expect(try status { $0.collateral.qeIdentity.levels.reverse() } == .upToDate)
  }

  /// The TEE's own components may put it on a lower level than the platform's certificate.
  @Test func t17AndT18TheLowerOfTheLevelsCounts() throws {
    let claims = try guest { $0.teeTCBSVN[2] = 7 }.tdxClaims()
    #expect(claims.tcb.platform == .upToDate && claims.tcb.tdx == .outOfDate && claims.tcb.status == .outOfDate)
    #expect(claims.tcb.advisoryIDs == ["INTEL-SA-01010", "INTEL-SA-01036"])
    #expect(try status { $0.teeTCBSVN[2] = 4 } == .notSupported)
  }

  /// A level above that is met by the platform alone and is worse than the one the TEE meets.
  @Test func t17AWorsePlatformLevelCountsToo() throws {
    #expect(
      try status {
        $0.collateral.tcbInfo.levels[0].tdx[2] = 9
        $0.collateral.tcbInfo.levels[0].verdict.status = "Revoked"
        $0.collateral.tcbInfo.levels[1].verdict.status = "UpToDate"
      } == .revoked)
  }

  @Test func aModuleWithoutIdentityIsJudgedByAllComponents() throws {
    func old(_ change: (inout SimulatedTDX) -> Void = { _ in }) throws -> TCBStatus {
      try status {
        $0.teeTCBSVN[1] = 0
        change(&$0)
      }
    }
    #expect(try old() == .upToDate)
    #expect(try old { $0.teeTCBSVN[0] = 4 } == .revoked)
    #expect(try old { $0.collateral.tcbInfo.modules = [] } == .upToDate)
    #expect(
      try guest {
        $0.teeTCBSVN[1] = 0
        $0.collateral.tcbInfo.module.mrSigner[0] = 1
      }.refusal() == "moduleMismatch mrSignerSeam")
  }

  @Test func theOldestDateAndAllAdvisoriesAreReported() throws {
    let claims = try guest {
      $0.collateral.tcbInfo.levels[0].verdict = SimulatedVerdict("SWHardeningNeeded", advisories: ["B", "A"])
      $0.collateral.tcbInfo.levels[0].verdict.date = "2025-03-01T00:00:00Z"
      $0.collateral.tcbInfo.modules[1].levels[0].verdict = SimulatedVerdict("UpToDate", advisories: ["C"])
      $0.collateral.tcbInfo.modules[1].levels[0].verdict.date = "2025-01-01T00:00:00Z"
      $0.collateral.qeIdentity.levels[0].verdict = SimulatedVerdict("UpToDate", advisories: ["D", "A"])
      $0.collateral.qeIdentity.levels[0].verdict.date = "2025-02-01T00:00:00Z"
    }.tdxClaims()
    #expect(claims.tcb.advisoryIDs == ["A", "B", "C", "D"])
    #expect(claims.tcb.date == (try Timestamp(rfc3339: "2025-01-01T00:00:00Z")))
  }

  /// Raising any SVN never makes it worse, and lowering none makes it better.
  @Test func statusesAreMonotone() throws {
    func rank(_ status: TCBStatus) -> Int {
      switch status {
      case .upToDate: 0
      case .outOfDate: 1
      default: 2
      }
    }
    let base = guest {
      $0.collateral.tcbInfo.levels.removeLast()
      $0.teeTCBSVN[2] = 7
    }
    let here = rank(try base.tdxClaims().tcb.status)
    for index in 0..<16 where index != 1 {
      #expect(rank(try with(base) { $0.teeTCBSVN[index] += 1 }.tdxClaims().tcb.status) <= here)
      #expect(rank(try with(base) { $0.platform.components[index] += 1 }.tdxClaims().tcb.status) <= here)
      guard base.teeTCBSVN[index] > 0 else { continue }
      #expect(rank(try with(base) { $0.teeTCBSVN[index] -= 1 }.tdxClaims().tcb.status) >= here)
    }
  }
}
