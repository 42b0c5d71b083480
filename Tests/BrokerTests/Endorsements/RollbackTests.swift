import Bytes
import Evidence
import SimulatedTEE
import Telemetry
import Testing
import Verification

@testable import Broker

/// What was seen once makes everything older worthless, after a restart as well.
struct RollbackTests {
  private func restarted(_ disk: MemoryIO) throws -> EndorsementStore {
    let file = RollbackFile(disk, folder: "state")
    let memory = try file.read()
    return Shelf.store {
      $0.memoryFile = file
      $0.memory = memory ?? RollbackMemory()
    }
  }

  /// Collateral of these two dates is held one after the other, with a restart between.
  private func refusal(
    _ newer: SimulatedTDX, then older: SimulatedTDX
  ) async throws -> Refusal? {
    let disk = MemoryIO()
    let first = try restarted(disk)
    first.hold(newer)
    #expect(await Shelf.refusal(first, try Shelf.evidence(newer)) == nil)
    let second = try restarted(disk)
    second.hold(older)
    return await Shelf.refusal(second, try Shelf.evidence(older))
  }

  @Test func anOlderEvaluationIsRefusedAfterARestart() async throws {
    let refusal = try await refusal(
      Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 }, then: Shelf.guest())
    #expect(refusal?.code == .evaluationTooOld)
  }

  @Test func anOlderIssueOfTheSameEvaluationIsRefusedAfterARestart() async throws {
    let older = Shelf.guest { $0.collateral.tcbInfo.issueDate = Shelf.issued.adding(.seconds(-60)) }
    #expect(try await refusal(Shelf.guest(), then: older)?.code == .collateralRolledBack)
    let identity = Shelf.guest { $0.collateral.qeIdentity.issueDate = Shelf.issued.adding(.seconds(-60)) }
    #expect(try await refusal(Shelf.guest(), then: identity)?.code == .collateralRolledBack)
  }

  @Test func anOlderRevocationListIsRefusedAfterARestart() async throws {
    let root = Shelf.guest { $0.collateral.rootList.thisUpdate = Shelf.issued.adding(.seconds(-60)) }
    #expect(try await refusal(Shelf.guest(), then: root)?.code == .revocationListRolledBack)
    let platform = Shelf.guest { $0.collateral.pckLists[0].thisUpdate = Shelf.issued.adding(.seconds(-60)) }
    #expect(try await refusal(Shelf.guest(), then: platform)?.code == .revocationListRolledBack)
    let numbered = try await refusal(Shelf.guest { $0.collateral.rootList.number = 5 }, then: Shelf.guest())
    #expect(numbered?.code == .revocationListRolledBack)
  }

  @Test func theSameAndTheNewerPassAfterARestart() async throws {
    #expect(try await refusal(Shelf.guest(), then: Shelf.guest()) == nil)
    let newer = Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 }
    #expect(try await refusal(Shelf.guest(), then: newer) == nil)
  }

  @Test func anOlderOneBesideTheNewestHidesNothing() async throws {
    let (old, new) = (Shelf.guest(), Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 })
    let store = Shelf.store()
    store.hold(old.collateral.files.map(\.bytes) + new.collateral.files.map(\.bytes))
    #expect(await Shelf.refusal(store, try Shelf.evidence(old)) == nil)
  }

  @Test func aListThatComesWithEvidenceIsMeasuredByTheNewestToo() async throws {
    let guest = SimulatedSNP()
    let list = { (seconds: Int64) in
      guest.authority.revocationListTemplate(thisUpdate: Bench.start.adding(.seconds(seconds))).der
    }
    let disk = MemoryIO()
    let first = try restarted(disk)
    #expect(await Shelf.refusal(first, try Shelf.evidence(guest, lists: [list(-60)])) == nil)
    let second = try restarted(disk)
    #expect(
      await Shelf.refusal(second, try Shelf.evidence(guest, lists: [list(-120)]))?.code == .revocationListRolledBack)
    #expect(await Shelf.refusal(second, try Shelf.evidence(guest, lists: [list(-60)])) == nil)
    #expect(await Shelf.refusal(second, try Shelf.evidence(guest, lists: [list(-120), list(-60)])) == nil)
  }

  @Test func onlyWhatAVendorSignedIsRemembered() async throws {
    let stranger = Shelf.guest {
      $0.collateral.tcbInfo.evaluationDataNumber = 99
      $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger }
      $0.collateral.rootList.number = 99
      $0.collateral.rootList.forgingKey = SimulatedIntelKeys.stranger
    }
    let store = Shelf.store()
    store.hold(stranger)
    #expect(await Shelf.refusal(store, try Shelf.evidence(stranger)) != nil)
    store.hold(Shelf.guest())
    #expect(await Shelf.refusal(store, try Shelf.evidence(Shelf.guest())) == nil)
  }

  @Test func whatLiesAheadIsNotRememberedYet() async throws {
    let ahead = SimulatedTDX(issuedAt: Bench.start.adding(.seconds(3600)))
    let store = Shelf.store()
    store.hold(ahead)
    #expect(store.floors == .none)
  }

  @Test func oneRootSaysNothingAboutWhatAnotherSigned() throws {
    let store = Shelf.store()
    store.hold(Shelf.guest())
    let anchors = Set(store.floors.newest.keys.map(\.anchor))
    let simulated = Set(Shelf.anchors.all.filter(\.isSimulated).map(\.fingerprint))
    #expect(anchors.isSubset(of: simulated) && !anchors.isEmpty)
  }

  @Test func theMemoryIsReadAsItWasWritten() throws {
    let disk = MemoryIO()
    let store = try restarted(disk)
    store.hold(
      Shelf.guest().collateral.files.map(\.bytes) + [
        SimulatedSNP().authority.revocationListTemplate(thisUpdate: Shelf.issued).der
      ])
    #expect(store.floors.newest.count == 6)
    #expect(try restarted(disk).floors == store.floors)
  }

  @Test func aDamagedMemoryStopsTheStart() throws {
    let disk = MemoryIO()
    try restarted(disk).hold(Shelf.guest())
    let whole = try #require(try disk.read("collateral/seen.json"))
    let text = String(decoding: whole, as: UTF8.self)
    for damaged in [
      Array(whole.dropLast(20)), [], Array(text.replacing("\"format\":1", with: "\"format\":2").utf8),
      Array(text.replacing("crl/intel/root", with: "crl/intel/else").utf8),
    ] {
      disk.replace("collateral/seen.json", with: damaged)
      #expect(throws: StartError.collateralMemoryDamaged(file: "state/collateral/seen.json")) { try restarted(disk) }
    }
  }

  @Test func aDiskThatFailsLeavesTheOldMemoryAndIsSaid() throws {
    let disk = MemoryIO()
    let store = try restarted(disk)
    store.hold(Shelf.guest())
    let before = try disk.read("collateral/seen.json")
    disk.fail()
    store.hold(Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 })
    #expect(try disk.read("collateral/seen.json") == before)
    #expect(store.status(at: Bench.start)["memoryWritable"] == false)
    disk.repair()
    store.hold(Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 })
    #expect(store.status(at: Bench.start)["memoryWritable"] == true)
    #expect(try restarted(disk).floors == store.floors)
  }

  @Test func aFullMemoryKeepsWhatItKnows() throws {
    var memory = RollbackMemory()
    let store = Shelf.store()
    store.hold(Shelf.guest())
    let proofs = store.state.withLock { $0.stock.proofs }
    for proof in proofs { _ = memory.note(proof, at: Bench.start) }
    let known = memory.marks
    for proof in proofs {
      let isNews = memory.note(proof, at: Bench.start)
      #expect(!isNews)
    }
    #expect(memory.marks == known)
  }
}
