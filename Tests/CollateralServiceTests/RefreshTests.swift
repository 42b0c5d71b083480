import Bytes
import Collateral
import CollateralService
import SimulatedTEE
import SimulatedVendors
import Telemetry
import Testing
import Verification

/// Artefacts are asked for again before anybody needs them.
struct RefreshTests {
  private let key = VendorNetwork.tcbInfo

  @Test func anArtefactIsRenewedAtHalfOfItsLife() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    network.time.withLock { $0 = VendorNetwork.issued.adding(.seconds(10 * 86_400)) }
    _ = await fetcher.ask(key)
    #expect(await fetcher.nextRefresh(key) == VendorNetwork.issued.adding(.seconds(15 * 86_400)))
    network.advance(.seconds(5 * 86_400 - 1))
    await fetcher.refreshDue()
    #expect(network.questions.count == 1)
    network.advance(.seconds(1))
    network.reissue(at: network.now)
    await fetcher.refreshDue()
    let renewed = network.now
    #expect(await comesTrue { await fetcher.item(key)?.proof.from == renewed })
    #expect(network.questions.count == 2)
    #expect(network.events.withLock { $0.last } == "\(key) replaced")
  }

  @Test func aListIsAskedForAfterAWeekAtTheLatest() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    _ = await fetcher.ask(.intelRootRevocationList)
    #expect(await fetcher.nextRefresh(.intelRootRevocationList) == network.now.adding(.seconds(7 * 86_400)))
    _ = await fetcher.ask(VendorNetwork.vcek(1))
    let chip = try #require(await fetcher.nextRefresh(VendorNetwork.vcek(1)))
    #expect(chip > network.now.adding(.seconds(300 * 86_400)))
  }

  @Test func aVendorThatFailsTakesNothingAwayAndIsAskedLessAndLess() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    _ = await fetcher.ask(key)
    network.advance(.seconds(20 * 86_400))
    network.answers { _, reply in reply = .text(404, "gone") }
    var pauses: [Duration] = []
    for round in 1...4 {
      await fetcher.refreshDue()
      #expect(await comesTrue { network.events.withLock { $0.count } == round + 1 })
      let next = try #require(await fetcher.nextRefresh(key))
      pauses.append(next.duration(since: network.now))
      #expect(await fetcher.missing(key) == nil)
      network.advance(.seconds(3600))
    }
    #expect(pauses == [.seconds(60), .seconds(120), .seconds(240), .seconds(480)])
    #expect(network.questions.count == 5)
  }

  @Test func whatRanOutIsAskedForAndNotHandedOut() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    _ = await fetcher.ask(key)
    network.advance(.seconds(40 * 86_400))
    network.answers { _, reply in reply = .text(404, "gone") }
    #expect(await fetcher.missing(key)?.code == .notFound)
    network.answers { _, _ in }
    network.reissue(at: network.now)
    network.advance(.seconds(600))
    #expect(await fetcher.missing(key) == nil)
  }

  @Test func theSameAnswerAgainIsNoNews() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    let list = CollateralKey.intelPCKRevocationList(.platform)
    network.vendors.withLock { vendors in
      let fixed = vendors.reply("/sgx/certification/v4/pckcrl?ca=platform&encoding=der")
      network.answers { _, reply in reply = fixed }
    }
    _ = await fetcher.ask(list)
    _ = await fetcher.ask(list, again: true)
    #expect(network.events.withLock { $0 } == ["\(list) added", "\(list) unchanged"])
  }

  @Test func aNewerEvaluationIsTakenWheneverItWasIssued() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    _ = await fetcher.ask(key)
    network.reissue(at: VendorNetwork.issued.adding(.seconds(-86_400))) {
      $0.collateral.tcbInfo.evaluationDataNumber = 20
    }
    #expect(await fetcher.missing(key, again: true) == nil)
    #expect(network.events.withLock { $0.last } == "\(key) replaced")
  }
}
