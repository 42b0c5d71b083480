import Bytes
import Collateral
import Cryptography
import Evidence
import SimulatedTEE
import SimulatedVendors
import Testing
import Verification

@Suite struct CollateralShelfTests {
  private let qeIdentity = CollateralKey.intelQEIdentity(tee: .tdx)

  @Test func everyGenuineArtefactIsTakenOnce() throws {
    var shelf = try Answers.fullShelf()
    #expect(Set(shelf.items.keys) == Set(Answers.all))
    for item in shelf.items.values {
      #expect(item.isCurrent(at: Answers.now))
      #expect(item.proof.anchor.isSimulated)
    }
    for key in [CollateralKey.intelRootRevocationList, .amdCertificateChain(.milan, .vcek)] {
      let same = try #require(shelf.item(key)).record
      #expect(try shelf.take(same, at: Answers.now) == .unchanged)
    }
  }

  @Test func nothingIsTakenUnderTheVendorsRootsAlone() throws {
    var shelf = CollateralShelf(anchors: .builtIn)
    for key in Answers.all {
      #expect(throws: CollateralFault.self, "\(key)") { try shelf.take(try Answers().record(key), at: Answers.now) }
    }
    #expect(shelf.items.isEmpty)
  }

  @Test func forgedArtefactsAreRefused() throws {
    var answers = Answers()
    answers.vendors.collateral.editTCBInfo = { $0.forgeText = { $0 = $0.replacing("UpToDate", with: "OutOfDat3") } }
    answers.vendors.collateral.editQEIdentity = {
      $0.forgeText = { $0 = $0.replacing("\"isvprodid\":2", with: "\"isvprodid\":3") }
    }
    var shelf = CollateralShelf(anchors: Answers.anchors)
    #expect(throws: CollateralFault.self) { try shelf.take(try answers.record(Answers.tcbInfo), at: Answers.now) }
    expect(.collateralSignatureInvalid, &shelf, try answers.record(qeIdentity))
    answers.vendors.collateral.rootList.forgingKey = SimulatedIntelKeys.generate().root
    expect(.revocationListInvalid, &shelf, try answers.record(.intelRootRevocationList))
    answers.vendors.collateral.pckLists[0].forgingKey = SimulatedIntelKeys.generate().root
    expect(.revocationListInvalid, &shelf, try answers.record(.intelPCKRevocationList(.platform)))
    #expect(shelf.items.isEmpty)
  }

  @Test func aChipsCertificateNeedsItsIssuers() throws {
    var shelf = CollateralShelf(anchors: Answers.anchors)
    let record = try Answers().record(Answers.vcek)
    expect(.collateralMissing, &shelf, record)
    try shelf.take(try Answers().record(.amdCertificateChain(.milan, .vcek)), at: Answers.now)
    #expect(try shelf.take(record, at: Answers.now) == .added)
  }

  @Test func whatIsSignedByARevokedKeyIsRefused() throws {
    var answers = Answers()
    answers.vendors.collateral.rootList.revokedSerials = [4]
    var shelf = CollateralShelf(anchors: Answers.anchors)
    try shelf.take(try answers.record(.intelRootRevocationList), at: Answers.now)
    expect(.certificateRevoked, &shelf, try answers.record(Answers.tcbInfo))
    expect(.certificateRevoked, &shelf, try answers.record(qeIdentity))
    answers.vendors.collateral.rootList.revokedSerials = [2]
    answers.vendors.collateral.rootList.number = 2
    try shelf.take(try answers.record(.intelRootRevocationList), at: Answers.now)
    expect(.certificateRevoked, &shelf, try answers.record(.intelPCKRevocationList(.platform)))
    #expect(try shelf.take(try answers.record(.intelPCKRevocationList(.processor)), at: Answers.now) == .added)
  }

  @Test func whatIsNotInForceIsRefused() throws {
    var shelf = CollateralShelf(anchors: Answers.anchors)
    let late = Answers.issued.adding(.seconds(30 * 86_400))
    let early = Answers.issued.adding(.seconds(-1))
    let rows: [(CollateralKey, Timestamp, Refusal.Code)] = [
      (Answers.tcbInfo, late, .collateralExpired), (Answers.tcbInfo, early, .collateralNotYetValid),
      (qeIdentity, late, .collateralExpired), (.intelPCKRevocationList(.platform), late, .revocationListExpired),
      (.intelPCKRevocationList(.platform), early, .revocationListNotYetValid),
      (.amdRevocationList(.milan, .vcek), late, .revocationListExpired),
    ]
    for (key, now, code) in rows { expect(code, &shelf, try Answers().record(key), at: now) }
    #expect(try shelf.take(try Answers().record(Answers.tcbInfo), at: late.adding(.milliseconds(-1))) == .added)
  }

  @Test func nothingOlderReplacesWhatIsKnownNotEvenAfterItRanOut() throws {
    var newer = Answers()
    newer.vendors.collateral.tcbInfo.evaluationDataNumber = 20
    newer.vendors.collateral.rootList.number = 7
    newer.vendors.amdListNumber = 9
    let keys = [Answers.tcbInfo, .intelRootRevocationList, .amdRevocationList(.milan, .vcek)]
    var shelf = CollateralShelf(anchors: Answers.anchors)
    for key in keys {
      try shelf.take(try newer.record(key), at: Answers.now)
      for now in [Answers.now, Answers.issued.adding(.seconds(500 * 86_400))] {
        #expect(throws: CollateralFault.rollback, "\(key)") { try shelf.take(try Answers().record(key), at: now) }
      }
    }
    // Issued later, and of an older evaluation all the same.
    var later = Answers()
    later.vendors = SimulatedVendors(issuedAt: Answers.issued.adding(.seconds(3600)))
    #expect(throws: CollateralFault.rollback) { try shelf.take(try later.record(Answers.tcbInfo), at: Answers.now) }
  }

  @Test func aNewerDateOfTheSameNumberReplacesAndAnOlderDoesNot() throws {
    var later = Answers()
    later.vendors = SimulatedVendors(issuedAt: Answers.issued.adding(.seconds(3600)))
    for key in [Answers.tcbInfo, qeIdentity, .intelRootRevocationList, .intelPCKRevocationList(.processor)] {
      var shelf = CollateralShelf(anchors: Answers.anchors)
      try shelf.take(try Answers().record(key), at: Answers.now)
      #expect(try shelf.take(try later.record(key), at: Answers.now) == .replaced, "\(key)")
      #expect(throws: CollateralFault.rollback, "\(key)") {
        try shelf.take(try Answers().record(key), at: Answers.now)
      }
    }
  }

  @Test func aNumberIsComparedAsANumber() throws {
    var answers = Answers()
    var shelf = CollateralShelf(anchors: Answers.anchors)
    for number: UInt64 in [1, 2, 255, 256, 65_535, 65_536] {
      answers.vendors.amdListNumber = number
      try shelf.take(try answers.record(.amdRevocationList(.milan, .vcek)), at: Answers.now)
    }
    answers.vendors.amdListNumber = 300
    #expect(throws: CollateralFault.rollback) {
      try shelf.take(try answers.record(.amdRevocationList(.milan, .vcek)), at: Answers.now)
    }
  }

  @Test func whatRanOutIsRememberedWhenItIsRestored() throws {
    var newer = Answers()
    newer.vendors.collateral.tcbInfo.evaluationDataNumber = 20
    let later = Answers.issued.adding(.seconds(40 * 86_400))
    var shelf = CollateralShelf(anchors: Answers.anchors)
    try shelf.restore(try newer.record(Answers.tcbInfo), at: later)
    #expect(shelf.item(Answers.tcbInfo)?.isCurrent(at: later) == false)
    var old = Answers()
    old.vendors = SimulatedVendors(issuedAt: later.adding(.seconds(-60)))
    #expect(throws: CollateralFault.rollback) { try shelf.take(try old.record(Answers.tcbInfo), at: later) }
  }

  @Test func aRecordUnderAForeignKeyIsRefused() throws {
    var shelf = CollateralShelf(anchors: Answers.anchors)
    let record = try Answers().record(qeIdentity)
    let moved = CollateralRecord(key: Answers.tcbInfo, body: record.body, fetchedAt: 0, source: "")
    #expect(throws: CollateralFault.notWhatWasAsked) { try shelf.take(moved, at: Answers.now) }
    let empty = CollateralRecord(key: Answers.tcbInfo, body: [1, 2, 3], fetchedAt: 0, source: "")
    #expect(throws: CollateralFault.unreadable("no artefact")) { try shelf.take(empty, at: Answers.now) }
  }

  private func expect(
    _ code: Refusal.Code, _ shelf: inout CollateralShelf, _ record: CollateralRecord, at now: Timestamp = Answers.now,
    location: SourceLocation = #_sourceLocation
  ) {
    do throws(CollateralFault) {
      try shelf.take(record, at: now)
      Issue.record("\(record.key) was taken", sourceLocation: location)
    } catch {
      guard case .notProved(let refusal) = error else {
        Issue.record("\(error)", sourceLocation: location)
        return
      }
      #expect(refusal.code == code, sourceLocation: location)
    }
  }
}
