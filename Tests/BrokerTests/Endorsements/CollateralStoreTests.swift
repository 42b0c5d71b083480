import Bytes
import Platform
import SimulatedTEE
import Telemetry
import Testing
import Transport
import Verification

@testable import Broker

/// Folders, what is proved once, and what operators see of it.
struct CollateralStoreTests {
  private func counts(_ store: EndorsementStore, _ cache: String) -> [Int64] {
    ["hit", "miss"].map {
      store.parts.counters.value(
        .init("vouchsafe_collateral_cache_total", .init("cache", cache), .init("result", $0)))
    }
  }

  @Test func documentsAndPlatformsAreProvedOnce() async throws {
    let store = Shelf.store()
    let guest = Shelf.guest()
    store.hold(guest)
    let evidence = try Shelf.evidence(guest)
    for _ in 0..<4 { #expect(await Shelf.refusal(store, evidence) == nil) }
    #expect(counts(store, "documents") == [3, 1])
    #expect(counts(store, "platforms") == [3, 1])
  }

  @Test func aNewRevocationListMakesEveryProofNewToo() async throws {
    let guest = Shelf.guest()
    let store = Shelf.store()
    store.hold(guest)
    #expect(await Shelf.refusal(store, try Shelf.evidence(guest)) == nil)
    let revoked = Shelf.guest {
      $0.collateral.pckLists[0].revokedSerials = [0x1001]
      $0.collateral.pckLists[0].number = 2
    }
    store.hold(revoked)
    #expect(await Shelf.refusal(store, try Shelf.evidence(guest))?.code == .certificateRevoked)
  }

  @Test func theOldestGoWhenTheCacheIsFull() {
    var cache = BoundedCache<Int, String>(capacity: 16)
    for key in 0..<16 { cache.set(key, "\(key)") }
    _ = cache.use(0)
    cache.set(16, "16")
    #expect(cache.count == 15)
    #expect(cache.peek(0) == "0" && cache.peek(16) == "16")
    #expect(cache.peek(1) == nil && cache.peek(2) == nil && cache.peek(3) == "3")
    for key in 0..<1000 { cache.set(key, "") }
    #expect(cache.count <= 16)
  }

  @Test func foldersAreReadAgainWhenTheyChange() async throws {
    let folder = Scratch()
    let write = { (name: String, bytes: [UInt8]) in try SmallFile.overwrite(folder.path + "/" + name, bytes) }
    let guest = Shelf.guest()
    let store = Shelf.store { $0.folders = CollateralFolders(paths: [folder.path]) }
    try store.readFolders(at: Bench.start)
    let evidence = try Shelf.evidence(guest)
    #expect(await Shelf.refusal(store, evidence)?.code == .collateralMissing)
    for (name, bytes) in guest.collateral.files { try write(name, bytes) }
    await store.reloadFolders(at: Bench.start)
    #expect(await Shelf.refusal(store, evidence) == nil)
    // A file that is being written is nothing yet, and nothing bad either.
    try write("qe-identity.json", Array(guest.collateral.qeIdentityDocument.dropLast(40)))
    await store.reloadFolders(at: Bench.start)
    #expect(await Shelf.refusal(store, evidence) != nil)
    try write("qe-identity.json", guest.collateral.qeIdentityDocument)
    await store.reloadFolders(at: Bench.start)
    #expect(await Shelf.refusal(store, evidence) == nil)
  }

  @Test func aFolderThatIsGoneLeavesWhatWasReadAndIsSaid() async throws {
    let guest = Shelf.guest()
    let store: EndorsementStore
    do {
      let folder = Scratch()
      for (name, bytes) in guest.collateral.files { try SmallFile.overwrite(folder.path + "/" + name, bytes) }
      store = Shelf.store { $0.folders = CollateralFolders(paths: [folder.path]) }
      try store.readFolders(at: Bench.start)
    }
    await store.reloadFolders(at: Bench.start)
    #expect(store.status(at: Bench.start)["folders"] == "unreadable")
    #expect(await Shelf.refusal(store, try Shelf.evidence(guest)) == nil)
  }

  @Test func thePageSaysHowLongItLastsAndWhatHasRunOut() async throws {
    let store = Shelf.store()
    store.hold(Shelf.guest())
    store.observe(at: Bench.start)
    let left = store.parts.counters.value(.init("vouchsafe_collateral_expiry_seconds", .init("kind", "tcbInfo")))
    #expect(left == 30 * 86_400 - 3600)
    let age = store.parts.counters.value(.init("vouchsafe_collateral_age_seconds", .init("kind", "enclaveIdentity")))
    #expect(age == 3600)
    #expect(store.status(at: Bench.start)["expired"] == [])
    let end = Shelf.issued.adding(.seconds(30 * 86_400))
    let expired = store.status(at: end)["expired"]?.arrayValue ?? []
    #expect(expired.contains("intel/pckcrl/platform") && expired.contains("intel/tdx/qe"))
    store.observe(at: end.adding(.seconds(5)))
    #expect(
      store.parts.counters.value(.init("vouchsafe_collateral_expiry_seconds", .init("kind", "platformRevocationList")))
        == -5)
  }

  @Test func readinessAndMetricsOfABrokerNameItsCollateral() async throws {
    var options = Bench.Options()
    options.collateral = Endorsements(recognising: Shelf.guest().collateral.files.map(\.bytes))
    let bench = try await Bench.make(options)
    let ready = try await bench.call(.get, "/readyz").json["collateral"]
    #expect(ready?["proved"] == 8 && ready?["fetcher"] == "none" && ready?["memory"] == "new")
    let page = String(decoding: try await bench.call(.get, "/metrics").body, as: UTF8.self)
    #expect(page.contains("vouchsafe_collateral_expiry_seconds{kind=\"tcbInfo\"}"))
    #expect(page.contains("# TYPE vouchsafe_collateral_fetches_total counter") == false)
    #expect(page.contains("vouchsafe_collateral_breaker_open 0"))
  }

  @Test func theConfigurationNamesFoldersAndTheFetcher() throws {
    let parse = { (text: String) throws(ParseError) in try BrokerConfiguration(parsing: Array(text.utf8)) }
    let full = try parse(#"{"collateral":{"directories":["a","b"],"fetcher":"run/fetcher"}}"#)
    #expect(full.collateral == ["a", "b"] && full.collateralFetcher == "run/fetcher")
    #expect(try parse(#"{"collateral":{"fetcher":null}}"#).collateralFetcher == nil)
    #expect(try parse(#"{"collateral":["a"]}"#).collateral == ["a"])
    #expect(throws: ParseError.self) { try parse(#"{"collateral":{"folders":["a"]}}"#) }
  }
}
