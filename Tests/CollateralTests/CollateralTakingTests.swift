import Bytes
import Collateral
import Evidence
import SimulatedTEE
import SimulatedVendors
import Testing
import Verification

/// Many artefacts at once, as from a folder or an exported file.
struct CollateralTakingTests {
  private func words(_ taken: [CollateralShelf.Taken]) -> [String] {
    taken.map { item in
      switch item.result {
      case .taken(let change): "\(change)"
      case .superseded: "superseded"
      case .refused(let fault): fault.code
      }
    }
  }

  @Test func whatProvesOthersIsTakenBeforeThem() throws {
    let records = try Answers.all.map { try Answers().record($0) }
    for order in [records, records.reversed()] {
      var shelf = CollateralShelf(anchors: Answers.anchors)
      let taken = shelf.take(order, at: Answers.now)
      #expect(words(taken).allSatisfy { $0 == "added" })
      #expect(shelf.items.count == Answers.all.count)
      #expect(words(shelf.take(order, at: Answers.now)).allSatisfy { $0 == "unchanged" })
    }
  }

  @Test func anOlderOneBesideItsNewerIsNoFaultAndAloneIs() throws {
    var newer = Answers()
    newer.vendors.collateral.tcbInfo.evaluationDataNumber = 20
    let (old, new) = (try Answers().record(Answers.tcbInfo), try newer.record(Answers.tcbInfo))
    var shelf = CollateralShelf(anchors: Answers.anchors)
    let both = words(shelf.take([new, old], at: Answers.now))
    #expect(both == ["added", "superseded"])
    #expect(words(shelf.take([old], at: Answers.now)) == ["rollback"])
    #expect(shelf.item(Answers.tcbInfo)?.record == new)
  }

  @Test func whatHasRunOutIsRestoredAndNotTaken() throws {
    let late = Answers.now.adding(.seconds(40 * 86_400))
    let record = try Answers().record(Answers.tcbInfo)
    var shelf = CollateralShelf(anchors: Answers.anchors)
    #expect(words(shelf.take([record], at: late)) == ["collateralExpired"])
    #expect(words(shelf.restore([record], at: late)) == ["added"])
    #expect(shelf.item(Answers.tcbInfo)?.isCurrent(at: late) == false)
  }

  @Test func aListOfAMDServesUnderBothItsNames() throws {
    let bytes = Answers().response(.amdRevocationList(.milan, .vlek)).body
    let records = CollateralRecord.records(
      of: CollateralArtefact.all(in: bytes), fetchedAt: Answers.now, source: "a folder")
    #expect(Set(records.map(\.key)) == [.amdRevocationList(.milan, .vcek), .amdRevocationList(.milan, .vlek)])
  }

  @Test func thatAFileSaysItIsFromATimeToComeChangesNothing() throws {
    let record = try Answers().record(Answers.tcbInfo)
    let ahead = CollateralRecord(
      key: record.key, body: record.body, fetchedAt: Answers.now.adding(.seconds(1_000_000)), source: record.source)
    let bundle = CollateralBundle(createdAt: Answers.now, records: [ahead])
    #expect(bundle.records(fetchedBy: Answers.now).map(\.fetchedAt) == [Answers.now])
    #expect(CollateralBundle.isNamed(in: bundle.bytes) && !CollateralBundle.isNamed(in: record.body))
  }
}
