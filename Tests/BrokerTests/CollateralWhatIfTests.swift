import Appraisal
import Bytes
import Evidence
import KBSProtocol
import Replay
import SimulatedTEE
import Testing
import Verification

@testable import Broker

/// A preview of a TCB recovery: the decisions of a log under collateral that was not there when they were made.
struct CollateralWhatIfTests {
  private let bench: Bench
  private let guest: SimulatedTDX
  private let found: [Examination]

  /// A trust domain that was let pass and got a key, and one of an older platform that was refused.
  init() async throws {
    let guest = SimulatedTDX(issuedAt: Bench.start.adding(.seconds(-3600)))
    let tdx: JSONValue = ["mrTD": [.string(Hex.encode(guest.mrTD))]]
    var options = Bench.Options()
    options.collateral = Endorsements(recognising: guest.collateral.files.map(\.bytes))
    bench = try await Bench.ready(bundle { $0["tees"] = ["tdx": tdx] }, options)
    for svn in [UInt8(8), 7] {
      var pod = Pod()
      var other = guest
      other.platform.components[0] = svn
      pod.tdx = other
      _ = try await pod.open(bench)
      _ = try await pod.attest(bench)
      _ = try await pod.fetch(bench)
      bench.advance(.seconds(70))
    }
    self.guest = guest
    found = try await bench.examined().filter { $0.leaf.decision != nil }
  }

  private static let day = Duration.seconds(86_400)

  private func issued(_ change: (inout SimulatedCollateral) -> Void) -> Endorsements {
    var collateral = guest.collateral
    change(&collateral)
    return Endorsements(recognising: collateral.files.map(\.bytes))
  }

  /// The level that the first platform has is no longer the best.
  private var recovery: Endorsements {
    issued {
      $0.tcbInfo.evaluationDataNumber += 1
      $0.tcbInfo.issueDate = Bench.start.adding(Self.day)
      $0.tcbInfo.levels[0].verdict = SimulatedVerdict("OutOfDate", advisories: ["INTEL-SA-09999"])
    }
  }

  private func supposed(
    _ set: Endorsements, insteadOf baseline: Endorsements? = nil, at time: Timestamp? = nil
  ) -> [Supposition?] {
    found.map { Supposition($0, with: set, insteadOf: baseline, at: time) }
  }

  @Test func theSameCollateralChangesNothing() throws {
    #expect(found.map { $0.leaf.decision?.allows } == [true, true, false])
    let same = supposed(issued { _ in })
    #expect(same.map { $0?.changes } == [false, false, false])
    #expect(same.allSatisfy { $0?.unknown == nil })
  }

  @Test func whatANewTCBInfoWouldRefuseIsNamedWithItsReason() throws {
    let after = supposed(recovery)
    #expect(after.map { $0?.changes } == [true, true, false])
    #expect(after[0]?.at == Bench.start.adding(Self.day))
    let release = try #require(after[1])
    guard case .judged(let explanation) = release.outcome else { return #expect(Bool(false), "not judged") }
    #expect(explanation.resource?.text == "models/demo/key")
    #expect(explanation.mismatches.map(\.code) == [.tcbNotUpToDate])
  }

  @Test func aCertificateThatANewListRevokesIsRefused() throws {
    let serial = guest.intel.pckTemplate(guest.platform).serial
    let after = supposed(
      issued {
        $0.pckLists[0].revokedSerials = [serial]
        $0.pckLists[0].number += 1
      })
    #expect(after.map { $0?.isAllowed } == [false, false, false])
    #expect(after.map { $0?.changes } == [true, true, false])
    guard case .unproved(let refusal)? = after[1]?.outcome else { return #expect(Bool(false), "proved") }
    #expect(refusal.code == .certificateRevoked)
  }

  /// Of two sets the one is held against the other, whatever was recorded.
  @Test func twoSetsAreComparedWithEachOther() throws {
    let back = supposed(issued { _ in }, insteadOf: recovery, at: Bench.start.adding(Self.day))
    #expect(back.map { $0?.wasAllowed } == [false, false, false])
    #expect(back.map { $0?.isAllowed } == [true, true, false])
    #expect(supposed(recovery, insteadOf: recovery).map { $0?.changes } == [false, false, false])
  }

  /// Collateral that is over says nothing about a platform: neither a refusal nor a pass.
  @Test func whatIsOverTellsNothing() throws {
    let late = supposed(recovery, at: Bench.start.adding(.seconds(400 * 86_400)))
    #expect(late.allSatisfy { $0?.unknown != nil && $0?.changes == false })
    #expect(
      supposed(issued { _ in }, insteadOf: recovery, at: Bench.start.adding(.seconds(400 * 86_400))).allSatisfy {
        $0 == nil
      })
  }
}
