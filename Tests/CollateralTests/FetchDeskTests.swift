import Bytes
import Collateral
import Evidence
import Testing
import Verification

@Suite struct FetchDeskTests {
  private let root = CollateralKey.intelRootRevocationList

  private func isSent(_ decision: FetchDesk.Decision) -> Bool { if case .send = decision { true } else { false } }

  private func code(_ decision: FetchDesk.Decision) -> MissingCollateral.Code? {
    if case .refuse(let why) = decision { why.code } else { nil }
  }

  @Test func oneQuestionAtATimeForEachArtefact() {
    var desk = FetchDesk(.vendors)
    #expect(isSent(desk.ask(root, at: 0)))
    #expect(desk.ask(root, at: 0) == .join)
    #expect(isSent(desk.ask(Answers.tcbInfo, at: 0)))
    #expect(desk.finish(root, nil, at: 1) == nil)
    #expect(isSent(desk.ask(root, at: 1)))
  }

  @Test func aNoIsNotAskedForAgainAtOnce() {
    var desk = FetchDesk(.vendors)
    _ = desk.ask(root, at: 0)
    #expect(desk.finish(root, .notFound, at: 0) == MissingCollateral(key: root, code: .notFound))
    #expect(
      desk.ask(root, at: 1) == .refuse(MissingCollateral(key: root, code: .negativeCached, retryAfterSeconds: 599)))
    #expect(isSent(desk.ask(root, at: 600)))
  }

  @Test func aFailingServerIsLeftAloneAndTheOtherIsNot() {
    var desk = FetchDesk(.vendors)
    for _ in 0..<CircuitBreaker.threshold {
      _ = desk.ask(Answers.tcbInfo, at: 0)
      #expect(desk.finish(Answers.tcbInfo, .unreachable("timeout"), at: 0)?.code == .unavailable)
    }
    #expect(code(desk.ask(Answers.tcbInfo, at: 1)) == .circuitOpen)
    #expect(code(desk.ask(.intelQEIdentity(tee: .tdx), at: 1)) == .circuitOpen)
    #expect(isSent(desk.ask(Answers.vcek, at: 1)))
    // The root's list has a server of its own.
    #expect(isSent(desk.ask(root, at: 1)))
    #expect(isSent(desk.ask(Answers.tcbInfo, at: 30)))
    #expect(code(desk.ask(.intelQEIdentity(tee: .tdx), at: 30)) == .circuitOpen)
    desk.finish(Answers.tcbInfo, nil, at: 31)
    #expect(isSent(desk.ask(.intelQEIdentity(tee: .tdx), at: 31)))
  }

  @Test func anAnswerThatIsWrongIsNoFailureOfTheServer() {
    var desk = FetchDesk(.vendors)
    for second in 0..<10 {
      let now = Timestamp(seconds: Int64(second * 100))
      #expect(isSent(desk.ask(root, at: now)))
      #expect(desk.finish(root, .notWhatWasAsked, at: now)?.code == .refused)
    }
  }

  @Test func aServerThatWantsFewerQuestionsGetsNone() {
    var desk = FetchDesk(.vendors)
    _ = desk.ask(Answers.vcek, at: 0)
    #expect(
      desk.finish(Answers.vcek, .rateLimited(retryAfter: .seconds(90)), at: 0)
        == MissingCollateral(key: Answers.vcek, code: .rateLimited, retryAfterSeconds: 90))
    #expect(
      desk.ask(.amdCertificateChain(.turin, .vcek), at: 40)
        == .refuse(
          MissingCollateral(key: .amdCertificateChain(.turin, .vcek), code: .rateLimited, retryAfterSeconds: 50)))
    #expect(isSent(desk.ask(root, at: 40)))
    #expect(isSent(desk.ask(Answers.vcek, at: 90)))
  }

  @Test func strangersChipsUseUpTheBudgetAndNoMore() {
    var desk = FetchDesk(.vendors)
    var sent = 0
    for number in 0..<200 {
      var chip = Answers.chip
      chip[0] = UInt8(number)
      let key = CollateralKey.amdVCEK(.milan, chipID: chip, tcb: Answers.tcb)
      if isSent(desk.ask(key, at: 0)) {
        sent += 1
        desk.finish(key, .notFound, at: 0)
      }
    }
    #expect(sent == CallBudget.Rate.amd.burst)
  }

  @Test func onlySoManyQuestionsAreOnTheirWay() {
    var desk = FetchDesk(.vendors)
    // Of two vendors, because none may be asked that often at once.
    for number in 0..<FetchDesk.inFlightLimit {
      let intel = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: [UInt8(number), 0, 0, 0, 0, 0])
      let amd = CollateralKey.amdVCEK(
        .milan, chipID: [UInt8(number)] + Answers.chip.dropFirst(), tcb: Answers.tcb)
      #expect(isSent(desk.ask(number < CallBudget.Rate.amd.burst ? amd : intel, at: 0)))
    }
    #expect(code(desk.ask(root, at: 0)) == .unavailable)
    #expect(desk.inFlightCount == FetchDesk.inFlightLimit)
  }

  @Test func anAnswerThatNobodyAskedForChangesNothing() {
    var desk = FetchDesk(.vendors)
    #expect(desk.finish(root, .notFound, at: 0) == nil)
    #expect(isSent(desk.ask(root, at: 0)))
  }
}
