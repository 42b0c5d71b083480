import Bytes
import Collateral
import CollateralService
import Evidence
import SimulatedTEE
import SimulatedVendors
import Telemetry
import Testing
import Verification

/// Vendors that are broken, overloaded, lying or behind the times.
struct FailingVendorTests {
  private let key = VendorNetwork.tcbInfo

  @Test func aVendorThatWantsFewerQuestionsGetsNoneUntilItsTime() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    network.answers { _, reply in
      reply = .text(429, "Too Many Requests")
      reply.headers.append(("Retry-After", "7"))
    }
    #expect(await fetcher.missing(key) == MissingCollateral(key: key, code: .rateLimited, retryAfterSeconds: 7))
    network.answers { _, _ in }
    network.advance(.seconds(6))
    #expect(await fetcher.missing(key) == MissingCollateral(key: key, code: .rateLimited, retryAfterSeconds: 1))
    #expect(network.questions.count == 1)
    network.advance(.seconds(1))
    #expect(await fetcher.missing(key) == nil)
  }

  @Test func aServerThatFailsIsLeftAlone() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    network.answers { _, reply in reply = .text(500, "oops") }
    for _ in 0..<3 { #expect(await fetcher.missing(key)?.code == .unavailable) }
    #expect(await fetcher.missing(key) == MissingCollateral(key: key, code: .circuitOpen, retryAfterSeconds: 30))
    #expect(network.questions.count == 3)
    network.answers { _, _ in }
    network.advance(.seconds(30))
    #expect(await fetcher.missing(key) == nil)
    #expect(await fetcher.missing(VendorNetwork.identity) == nil)
  }

  @Test func aNoIsRememberedForAWhile() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    let other = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: [1, 2, 3, 4, 5, 6])
    #expect(await fetcher.missing(other)?.code == .notFound)
    #expect(await fetcher.missing(other)?.code == .negativeCached)
    #expect(network.questions.count == 1)
    network.advance(.seconds(600))
    #expect(await fetcher.missing(other)?.code == .notFound)
    #expect(network.questions.count == 2)
  }

  @Test func strangersChipsUseUpABudgetAndNoMore() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    var codes: [MissingCollateral.Code?] = []
    for number in 0..<30 { codes.append(await fetcher.missing(VendorNetwork.vcek(UInt8(number)))?.code) }
    // Twenty questions at once: the issuer's certificate and nineteen chips.
    #expect(network.questions.count == 20)
    #expect(codes.prefix(19).allSatisfy { $0 == nil } && codes.dropFirst(19).allSatisfy { $0 == .rateLimited })
    // Intel's has a budget of its own, even at the same address.
    network.advance(.seconds(6))
    #expect(await fetcher.missing(VendorNetwork.vcek(29)) == nil)
  }

  /// What each wrong answer is called.
  private func fault(
    timeout: Duration = .seconds(30), _ change: @escaping @Sendable (inout VendorReply) -> Void
  ) async throws -> String? {
    let network = try VendorNetwork()
    network.answers { _, reply in change(&reply) }
    let fetcher = try network.fetcher(timeout: timeout)
    let fault = await fetcher.fault(key)
    #expect(await fetcher.item(key) == nil)
    return fault?.code
  }

  @Test func brokenAnswersAreNoAnswers() async throws {
    #expect(try await fault { $0.manner = .reset } == "unreachable")
    #expect(try await fault { $0.manner = .short(by: 10) } == "unreachable")
    #expect(try await fault { $0.manner = .noise } == "unreachable")
    #expect(try await fault(timeout: .milliseconds(300)) { $0.manner = .silent } == "unreachable")
    #expect(try await fault(timeout: .milliseconds(300)) { $0.manner = .slow(.milliseconds(50)) } == "unreachable")
  }

  @Test func statusesThatAreNoneOfTheVendorsAreRefused() async throws {
    #expect(try await fault { $0.status = 304 } == "unexpectedStatus")
    #expect(
      try await fault {
        $0.status = 302
        $0.headers.append(("Location", "http://127.0.0.1:1/"))
      } == "unexpectedStatus")
    #expect(try await fault { $0.status = 401 } == "unexpectedStatus")
    #expect(try await fault { $0.status = 410 } == "notFound")
    #expect(try await fault { $0.status = 502 } == "serverFailed")
  }

  @Test func wrongBytesAreRefused() async throws {
    #expect(try await fault { $0.body = Array("<html>captive portal</html>".utf8) } == "unreadable")
    #expect(try await fault { $0.body = [] } == "unreadable")
    #expect(try await fault { $0.body = Array($0.body.dropLast(20)) } == "notWhatWasAsked")
    #expect(try await fault { $0.body = [UInt8](repeating: 0x20, count: 2 << 20) + $0.body } == "unreadable")
    #expect(try await fault { $0.headers = [] } == "unreadable")
    #expect(try await fault { $0.headers += $0.headers.map { ($0.name, $0.value + "A") } } == "unreadable")
    #expect(try await fault { $0.headers[1].value = "%2D%2D" } == "unreadable")
  }

  @Test func anAnswerToAnotherQuestionIsRefused() async throws {
    let network = try VendorNetwork()
    let vendors = SimulatedVendors(issuedAt: VendorNetwork.issued)
    network.answers { _, reply in reply = vendors.reply("/tdx/certification/v4/qe/identity") }
    let fetcher = try network.fetcher()
    #expect(await fetcher.fault(key) == .notWhatWasAsked)
    network.answers { target, reply in
      reply = vendors.reply("/tdx/certification/v4/qe/identity")
      reply.headers = [("TCB-Info-Issuer-Chain", reply.headers[1].value)]
    }
    network.advance(.seconds(60))
    #expect(await fetcher.fault(key) == .notWhatWasAsked)
    network.answers { _, reply in reply = vendors.reply("/vcek/v1/Genoa/crl") }
    #expect(await fetcher.fault(.amdRevocationList(.milan, .vcek)) == .notWhatWasAsked)
    let chip = String(repeating: "02", count: 64)
    network.answers { target, reply in
      guard target.contains("SPL") else { return }
      reply = vendors.reply("/vcek/v1/Milan/\(chip)?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219")
    }
    #expect(await fetcher.fault(VendorNetwork.vcek(1)) == .notWhatWasAsked)
  }

  @Test func whatTheVendorDidNotSignIsRefused() async throws {
    let network = try VendorNetwork()
    network.reissue(at: VendorNetwork.issued) { vendors in
      vendors.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger }
      vendors.collateral.rootList.forgingKey = SimulatedIntelKeys.stranger
    }
    let fetcher = try network.fetcher()
    #expect(await fetcher.fault(key)?.code == "collateralSignatureInvalid")
    #expect(await fetcher.fault(.intelRootRevocationList)?.code == "revocationListInvalid")
    // The same hosts with the roots that are built in, and no simulator named.
    let strict = CollateralFetcher(
      network.endpoints, client: VendorClient(network.endpoints), shelf: CollateralShelf(anchors: .builtIn), store: nil,
      now: { VendorNetwork.issued }, jitter: { 0.5 })
    #expect(await strict.missing(VendorNetwork.identity)?.code == .refused)
    #expect(await strict.item(VendorNetwork.identity) == nil)
  }

  @Test func anOlderAnswerIsRefusedAlsoAfterARestart() async throws {
    let network = try VendorNetwork()
    let folder = Scratch()
    network.reissue(at: VendorNetwork.issued) {
      $0.collateral.tcbInfo.evaluationDataNumber = 20
      $0.collateral.rootList.number = 5
      $0.amdListNumber = 5
    }
    let keys = [key, .intelRootRevocationList, .amdRevocationList(.milan, .vcek)]
    do {
      let fetcher = try network.fetcher(folder.path)
      for key in keys { #expect(await fetcher.missing(key) == nil) }
      network.reissue(at: VendorNetwork.issued.adding(.seconds(60)))
      for key in keys { #expect(await fetcher.fault(key, again: true) == .rollback, "\(key)") }
    }
    network.advance(.seconds(600))
    let fetcher = try network.fetcher(folder.path)
    for key in keys {
      #expect(await fetcher.fault(key, again: true) == .rollback, "\(key)")
      #expect(await fetcher.missing(key) == nil)
    }
  }
}
