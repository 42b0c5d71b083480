import Bytes
import Collateral
import CollateralService
import Cryptography
import Evidence
import Platform
import SimulatedTEE
import SimulatedVendors
import Testing
import Transport
import Verification

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

/// Simulated vendors over HTTP, a fetcher that asks them, a broker that knows nothing but the fetcher's socket.
private struct Site {
  let bench: Bench
  let server: VendorServer
  let fetcher: FetcherSocket
  private let folder: Scratch

  /// - Parameter gpus: what the bundle says of GPUs.
  init(gpus: JSONValue? = nil) async throws {
    var vendors = SimulatedVendors(issuedAt: Shelf.issued)
    vendors.gpus = .protectedMachine(issuedAt: Bench.start.adding(.seconds(-3600)))
    let simulated = vendors
    server = try VendorServer { simulated.reply($0, body: $1) }
    try server.start()
    let endpoints = VendorEndpoints(
      intel: server.url, rootList: .file(server.url + "/IntelSGXRootCA.der"), amd: server.url,
      nvidia: server.url, responder: server.url + "/ocsp")
    folder = Scratch()
    let service = CollateralFetcher(
      endpoints, client: VendorClient(endpoints, timeout: .seconds(60)), shelf: CollateralShelf(anchors: Shelf.anchors),
      store: try CollateralStore(path: folder.path + "/store"), now: { Bench.start }, jitter: { 0.5 })
    fetcher = try FetcherSocket(path: folder.path + "/socket", fetcher: service)
    try fetcher.start()
    let client = Broker.FetcherClient(socket: folder.path + "/socket")
    var parts = EndorsementStore.Parts(anchors: Shelf.anchors)
    parts.fetch = { await client.fetch($0) }
    parts.patience = .seconds(60)
    var options = Bench.Options()
    options.store = parts
    bench = try await Bench.make(options)
    let floor: JSONValue = .object([("bootLoader", 4), ("tee", 0), ("snp", 24), ("microcode", 219)])
    let snp: JSONValue = .object([
      ("measurements", [.string(Hex.encode([UInt8](repeating: 0x5A, count: 48)))]), ("products", ["Milan"]),
      ("minimumTCB", .object([("Milan", .object([("reported", floor), ("launch", floor)]))])),
      ("requireRevocationCheck", true),
    ])
    let tdx: JSONValue = .object([("mrTD", .strings([Hex.encode([UInt8](repeating: 0x7D, count: 48))]))])
    let approved = bundle {
      $0["tees"] = .object([("snp", snp), ("tdx", tdx)])
      if let gpus { $0["gpus"] = gpus }
    }
    #expect(try await bench.approve(approved).status == 200)
    #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  }

  /// What a pod without anything of its vendor's gets: its key, or the code of why not.
  func release(_ edit: (inout Pod) -> Void) async throws -> String {
    let (pod, answer) = try await Pod.attested(bench, edit: edit)
    guard answer.status == 200 else { return answer.code ?? "\(answer.status)" }
    return try pod.decrypted(try await pod.fetch(bench)) == secret ? "released" : "wrong key"
  }

  func trustDomain() async throws -> String { try await release { $0.tdx = Shelf.guest() } }
  func guest() async throws -> String { try await release { $0.sendsCertificates = false } }

  /// As after a kill: nobody listens, and no vendor can be reached.
  func killFetcher() async {
    await fetcher.stop()
    server.stop()
  }
}

/// From a vendor's server to a key in a pod.
struct FetchedReleaseTests {
  @Test func aFetcherIsEnoughToJudgeBothVendorsPlatforms() async throws {
    let site = try await Site()
    #expect(try await site.trustDomain() == "released")
    #expect(try await site.guest() == "released")
    #expect(site.server.paths.count == 7)
    // Records of evidence say where all of it came from.
    let digests = try await site.bench.entries().flatMap { $0["collateral"]?.arrayValue ?? [] }
      .compactMap { try? Hex.decode($0.stringValue ?? "", "digest") }
    let origins = site.bench.broker.endorsements.origins(of: digests)
    #expect(!digests.isEmpty && origins.count == Set(digests).count)
    #expect(origins.values.allSatisfy { $0.url.hasPrefix(site.server.url) && $0.fetchedAt == Bench.start })
    await site.killFetcher()
  }

  @Test func aFetcherIsEnoughToJudgeGPUs() async throws {
    let site = try await Site(gpus: .object([("count", 2), ("models", ["GH100"])]))
    let gpus = SimulatedGPUSet(count: 2, issuedAt: Bench.start)
    let pod: @Sendable (inout Pod) -> Void = { pod in
      pod.tdx = Shelf.guest()
      pod.gpus = gpus
    }
    #expect(try await site.release(pod) == "released")
    // Two manifests, two boot ROMs, two authorities, and the manifests' signer with its two.
    let asked = site.server.paths.filter { $0 == "/ocsp" || $0.hasPrefix("/v1/rim/") }
    #expect(asked.count == 9)
    let before = site.server.paths.count
    await site.killFetcher()
    #expect(try await site.release(pod) == "released")
    #expect(site.server.paths.count == before)
  }

  @Test func aKilledFetcherTakesNothingAwayFromABrokerThatIsWarm() async throws {
    let site = try await Site()
    #expect(try await site.trustDomain() == "released")
    #expect(try await site.guest() == "released")
    let asked = site.server.paths.count
    await site.killFetcher()
    for _ in 0..<3 {
      #expect(try await site.trustDomain() == "released")
      #expect(try await site.guest() == "released")
    }
    #expect(site.server.paths.count == asked)
  }

  @Test func aKilledFetcherLetsNothingPassThatIsNotKnown() async throws {
    let site = try await Site()
    await site.killFetcher()
    #expect(try await site.trustDomain() == "collateralMissing")
    #expect(try await site.guest() == "collateralMissing")
    #expect(try await site.bench.entries().allSatisfy { $0["result"] != "allow" })
  }

  @Test func whatAVendorSignedForAnotherChipIsNoPass() async throws {
    let site = try await Site()
    #expect(try await site.guest() == "released")
    let other = try await site.release { pod in
      pod.sendsCertificates = false
      pod.tee.chipID[0] ^= 1
      // The certificate of the chip beside it is at hand.
      site.server.stop()
    }
    #expect(other != "released")
    await site.killFetcher()
  }
}
