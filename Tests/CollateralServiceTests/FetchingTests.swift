import Bytes
import Collateral
import CollateralService
import Evidence
import Platform
import SimulatedTEE
import SimulatedVendors
import Telemetry
import Testing
import Verification

/// A fetcher and vendors that are in order, over HTTP.
struct FetchingTests {
  @Test func everyArtefactOfBothVendorsComesAndIsProved() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    for key in VendorNetwork.all { #expect(await fetcher.missing(key) == nil, "\(key)") }
    // What the network gave is enough to judge evidence.
    let guest = SimulatedTDX(issuedAt: VendorNetwork.issued)
    let evidence = UnverifiedEvidence.tdx(try TDXEvidence(kbsJSON: guest.kbsEvidence(reportData: [UInt8](0..<48))))
    var bodies: [[UInt8]] = []
    for key in CollateralKey.wanted(by: evidence) {
      bodies.append(try #require(await fetcher.item(key)).record.body)
    }
    let verdict = verify(
      evidence, with: Endorsements(recognising: bodies), binding: Binding(runtimeDigest: [UInt8](0..<48)),
      anchors: VendorNetwork.anchors, at: network.now)
    #expect(throws: Never.self) { try verdict.get() }
  }

  @Test func aCacheOfIntelsServiceAnswersAsWell() async throws {
    let network = try VendorNetwork()
    network.vendors.withLock { $0.style = .pccs }
    let url = network.server.url
    let fetcher = try network.fetcher(endpoints: VendorEndpoints(intel: url, rootList: .cache, amd: url))
    for key in VendorNetwork.all { #expect(await fetcher.missing(key) == nil, "\(key)") }
    #expect(network.questions.contains("/sgx/certification/v4/rootcacrl"))
  }

  @Test func everyPathIsTheVendorsOwn() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    for key in VendorNetwork.all { _ = await fetcher.ask(key) }
    let chip = String(repeating: "01", count: 64)
    #expect(
      Set(network.questions) == [
        "/tdx/certification/v4/tcb?fmspc=\(Hex.encode(VendorNetwork.fmspc))", "/tdx/certification/v4/qe/identity",
        "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        "/sgx/certification/v4/pckcrl?ca=processor&encoding=der", "/IntelSGXRootCA.der",
        "/vcek/v1/Milan/cert_chain", "/vlek/v1/Milan/cert_chain",
        "/vcek/v1/Milan/\(chip)?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219", "/vcek/v1/Milan/crl",
        "/vlek/v1/Milan/crl", "/vcek/v1/Turin/cert_chain",
      ])
  }

  @Test func whatIsAtHandIsNotAskedForAgainWhateverTheVendorDoes() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    for key in VendorNetwork.all { _ = await fetcher.ask(key) }
    let asked = network.questions.count
    network.answers { _, reply in reply.manner = .silent }
    for key in VendorNetwork.all { #expect(await fetcher.missing(key) == nil) }
    #expect(network.questions.count == asked)
  }

  @Test func howeverManyWaitForAnArtefactItIsAskedForOnce() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    let served = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 { group.addTask { await fetcher.missing(VendorNetwork.tcbInfo) == nil } }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(served == 64)
    #expect(network.questions.count == 1)
  }

  @Test func aChipsCertificateBringsItsIssuersAlong() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    #expect(await fetcher.missing(VendorNetwork.vcek(7)) == nil)
    #expect(network.questions.count == 2)
    #expect(await fetcher.item(.amdCertificateChain(.milan, .vcek)) != nil)
  }

  @Test func whatIsOldAndInForceIsTaken() async throws {
    let network = try VendorNetwork()
    let fetcher = try network.fetcher()
    // The last second of thirty days: no rule of ours says that this is too old.
    network.time.withLock { $0 = VendorNetwork.issued.adding(.seconds(30 * 86_400 - 1)) }
    #expect(await fetcher.missing(VendorNetwork.tcbInfo) == nil)
    network.advance(.seconds(1))
    let later = try network.fetcher()
    #expect(await later.fault(VendorNetwork.tcbInfo)?.code == "collateralExpired")
  }

  @Test func aRestartAsksForNothingThatWasKept() async throws {
    let network = try VendorNetwork()
    let folder = Scratch()
    do {
      let fetcher = try network.fetcher(folder.path)
      for key in VendorNetwork.all { _ = await fetcher.ask(key) }
    }
    let asked = network.questions.count
    let fetcher = try network.fetcher(folder.path)
    for key in VendorNetwork.all {
      #expect(await fetcher.missing(key) == nil)
      let record = await fetcher.item(key)?.record
      #expect(record?.source.hasPrefix(network.server.url) ?? false)
      #expect(record?.fetchedAt.seconds == network.now.seconds)
    }
    #expect(network.questions.count == asked)
  }

  @Test func aFileThatSomebodyDamagedIsFetchedAnew() async throws {
    let network = try VendorNetwork()
    let folder = Scratch()
    do { _ = await (try network.fetcher(folder.path)).ask(VendorNetwork.tcbInfo) }
    let file = "\(folder.path)/\(VendorNetwork.tcbInfo.fileName)"
    var bytes = try SmallFile.read(file, limitBytes: 1 << 20)
    bytes[bytes.count / 4] ^= 1
    try SmallFile.overwrite(file, bytes)
    let fetcher = try network.fetcher(folder.path)
    #expect(await fetcher.item(VendorNetwork.tcbInfo) == nil)
    #expect(await fetcher.missing(VendorNetwork.tcbInfo) == nil)
    #expect(network.questions.count == 2)
  }

  @Test func oneProcessAtATimeWritesAStore() async throws {
    let folder = Scratch()
    let store = try CollateralStore(path: folder.path)
    #expect(throws: (any Error).self) { try CollateralStore(path: store.folder.path) }
  }
}
