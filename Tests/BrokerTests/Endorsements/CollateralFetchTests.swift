import Bytes
import Collateral
import Platform
import SimulatedTEE
import Telemetry
import Testing
import Transport
import Verification

@testable import Broker

/// What a fetching process can do for a request, and to it.
struct CollateralFetchTests {
  @Test func withAWarmCacheNobodyIsAsked() async throws {
    let guest = Shelf.guest()
    let vendor = Vendor(guest)
    let store = Shelf.store(vendor)
    store.hold(guest)
    for _ in 0..<3 { #expect(await Shelf.refusal(store, try Shelf.evidence(guest)) == nil) }
    #expect(vendor.questions.isEmpty)
  }

  @Test func whatIsNotAtHandIsAskedForOnceHoweverManyWait() async throws {
    let guest = Shelf.guest()
    let vendor = Vendor(guest)
    vendor.state.withLock { $0.pause = .milliseconds(50) }
    let store = Shelf.store(vendor)
    let evidence = try Shelf.evidence(guest)
    let refused = await withTaskGroup(of: Refusal?.self) { group in
      for _ in 0..<32 { group.addTask { await Shelf.refusal(store, evidence) } }
      var refused = 0
      for await refusal in group where refusal != nil { refused += 1 }
      return refused
    }
    #expect(refused == 0)
    #expect(vendor.questions.count == 1)
    #expect(Set(vendor.questions.flatMap { $0 }) == Set(CollateralKey.wanted(by: evidence)))
    #expect(await Shelf.refusal(store, evidence) == nil)
    #expect(vendor.questions.count == 1)
  }

  @Test func whatTheVendorHasNotIsMissingAndNotAskedForAgainAtOnce() async throws {
    let vendor = Vendor()
    let store = Shelf.store(vendor)
    let evidence = try Shelf.evidence(Shelf.guest())
    for _ in 0..<5 { #expect(await Shelf.refusal(store, evidence)?.code == .collateralMissing) }
    #expect(vendor.questions.count == 1)
    #expect(await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(601)))?.code == .collateralMissing)
    #expect(vendor.questions.count == 2)
  }

  @Test func aFetcherThatSaysNothingIsLeftAloneForAWhile() async throws {
    let guest = Shelf.guest()
    let vendor = Vendor(guest)
    vendor.isNow(.silent)
    let store = Shelf.store(vendor)
    let evidence = try Shelf.evidence(guest)
    for second in stride(from: 0, to: 12, by: 6) {
      #expect(
        await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(Int64(second))))?.code
          == .collateralMissing)
    }
    #expect(store.state.withLock { $0.cold.breaker(at: Bench.start.adding(.seconds(6))) } == .closed)
    _ = await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(12)))
    #expect(store.state.withLock { $0.cold.breaker(at: Bench.start.adding(.seconds(13))) } == .open)
    let asked = vendor.questions.count
    _ = await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(20)))
    #expect(vendor.questions.count == asked)
    vendor.isNow(.honest)
    #expect(await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(43))) == nil)
    #expect(store.state.withLock { $0.cold.breaker(at: Bench.start.adding(.seconds(44))) } == .closed)
  }

  @Test func nothingThatAFetcherMakesUpGetsIn() async throws {
    let guest = Shelf.guest()
    let evidence = try Shelf.evidence(guest)
    let old = SimulatedTDX(issuedAt: Shelf.issued.adding(.seconds(-40 * 86_400)))
    let forged = Shelf.guest { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }
    for liar in [old, forged, Shelf.guest { $0.collateral.tcbInfo.id = "SGX" }] {
      let vendor = Vendor(guest)
      vendor.stock([liar.collateral.tcbInfoDocument, liar.collateral.signer.der])
      let key = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: guest.platform.fmspc)
      let lie = try #require(
        CollateralArtefact.all(in: liar.collateral.tcbInfoDocument + []).first.map { _ in liar.collateral })
      vendor.state.withLock {
        $0.records[key] = CollateralRecord(
          key: key, body: lie.tcbInfoDocument, fetchedAt: Bench.start, source: "x")
      }
      let store = Shelf.store(vendor)
      #expect(await Shelf.refusal(store, evidence)?.code == .collateralMissing)
      #expect(store.state.withLock { $0.stock.current(key, at: Bench.start) } == nil)
      #expect(
        !store.state.withLock {
          $0.memory.marks.keys.contains { if case .tcbInfo = $0.subject { true } else { false } }
        })
      #expect(store.parts.counters.value(.init("vouchsafe_collateral_fetches_total", .init("result", "refused"))) == 1)
    }
  }

  @Test func aFetcherCannotTakeAStepBack() async throws {
    let guest = Shelf.guest { $0.collateral.tcbInfo.evaluationDataNumber = 20 }
    let older = Shelf.guest()
    let vendor = Vendor(guest)
    let store = Shelf.store(vendor)
    #expect(await Shelf.refusal(store, try Shelf.evidence(guest)) == nil)
    vendor.stock(older.collateral.files.map(\.bytes))
    let later = Bench.start.adding(.seconds(16 * 86_400))
    await store.refreshDue(at: later)
    #expect(vendor.questions.count == 2)
    #expect(await Shelf.refusal(store, try Shelf.evidence(guest), at: later) == nil)
    let key = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: guest.platform.fmspc)
    let age = store.state.withLock { $0.stock.current(key, at: later)?.proof?.age }
    #expect(age == .document(evaluation: 20, issued: Shelf.issued))
  }

  @Test func pastHalfOfItsLifeCollateralIsFetchedAnewAndNobodyWaits() async throws {
    let vendor = Vendor(Shelf.guest())
    let store = Shelf.store(vendor)
    let evidence = try Shelf.evidence(Shelf.guest())
    #expect(await Shelf.refusal(store, evidence) == nil)
    await store.refreshDue(at: Bench.start.adding(.seconds(14 * 86_400)))
    #expect(vendor.questions.count == 1)
    let later = Bench.start.adding(.seconds(16 * 86_400))
    vendor.stock(SimulatedTDX(issuedAt: later.adding(.seconds(-60))).collateral.files.map(\.bytes))
    await store.refreshDue(at: later)
    #expect(vendor.questions.count == 2)
    await store.refreshDue(at: later)
    #expect(vendor.questions.count == 2)
    #expect(await Shelf.refusal(store, evidence, at: Bench.start.adding(.seconds(45 * 86_400))) == nil)
  }

  @Test func collateralThatRunsOutInTheCacheIsNoPassWhenTheFetcherIsGone() async throws {
    let vendor = Vendor(Shelf.guest())
    let store = Shelf.store(vendor)
    let evidence = try Shelf.evidence(Shelf.guest())
    #expect(await Shelf.refusal(store, evidence) == nil)
    vendor.isNow(.silent)
    let end = Shelf.issued.adding(.seconds(30 * 86_400))
    #expect(await Shelf.refusal(store, evidence, at: end.adding(.milliseconds(-1))) == nil)
    let refusal = await Shelf.refusal(store, evidence, at: end)
    #expect(refusal?.code.kind == .stale)
  }

  @Test func strangersCannotHaveMoreFetchedThanIsDecent() {
    var cold = ColdFetches()
    let keys = (0..<200).map { CollateralKey.intelTCBInfo(tee: .tdx, fmspc: [0, 0, 0, 0, 0, UInt8($0)]) }
    let plan = cold.plan(keys, at: Bench.start)
    #expect(plan.start.count == ColdFetches.flightLimit)
    cold.begin(plan.start, Task {})
    #expect(cold.plan([keys[199]], at: Bench.start).start.isEmpty)
    #expect(cold.plan([keys[0]], at: Bench.start).join.count == 1)
    cold.end(plan.start)
    #expect(cold.plan([keys[199]], at: Bench.start).start.count == 1)
  }

  @Test func aHungFetcherHoldsARequestForItsPatienceAndLetsNothingPass() async throws {
    let folder = Scratch()
    let listener = try UnixListener(path: folder.path + "/fetcher")
    defer { listener.close() }
    try OwnThread.start {
      var held: [UnixConnection] = []
      while let connection = try? listener.accept() { held.append(connection) }
    }
    let client = FetcherClient(socket: folder.path + "/fetcher")
    let deadlines = Locked<[Duration]>([])
    let store = Shelf.store {
      $0.fetch = { request in
        deadlines.withLock { $0.append(request.deadline) }
        return await client.fetch(request)
      }
      $0.patience = .milliseconds(300)
    }
    let evidence = try Shelf.evidence(Shelf.guest())
    #expect(await Shelf.refusal(store, evidence)?.code == .collateralMissing)
    #expect(deadlines.withLock { $0 } == [.milliseconds(300)])
    let timedOut = Counters.Name("vouchsafe_collateral_fetches_total", .init("result", "fetcherTimedOut"))
    #expect(store.parts.counters.value(timedOut) == 1)
  }

  @Test(arguments: ["", "{}\n", "{\"v\":1,\"artefacts\":[],\"missing\":[]}\n", "{\"v\":1,\"artefacts\":["])
  func whatIsNoAnswerToTheQuestionIsNone(answer: String) async throws {
    let folder = Scratch()
    let listener = try UnixListener(path: folder.path + "/fetcher")
    defer { listener.close() }
    try OwnThread.start {
      guard let connection = try? listener.accept() else { return }
      _ = try? connection.readLine(limitBytes: 1 << 16, within: .seconds(5))
      try? connection.write(Array(answer.utf8), within: .seconds(5))
    }
    let request = FetcherRequest(want: [.intelRootRevocationList], deadline: .seconds(5))
    #expect(await FetcherClient(socket: folder.path + "/fetcher").fetch(request) == .failure(.malformed))
    #expect(await FetcherClient(socket: folder.path + "/nobody").fetch(request) == .failure(.unreachable))
  }

  @Test func aPodIsToldToComeBackWhenCollateralIsMissing() async throws {
    let vendor = Vendor()
    var options = Bench.Options()
    var parts = EndorsementStore.Parts(anchors: Shelf.anchors)
    parts.fetch = { await vendor.fetch($0.want, $0.deadline) }
    options.store = parts
    let bench = try await Bench.make(options)
    let (_, answer) = try await Pod.attested(bench) { $0.tdx = Shelf.guest() }
    #expect(answer.status == 503)
    #expect(answer.code == "collateralMissing")
    #expect(answer.header("Retry-After") != nil)
  }
}
