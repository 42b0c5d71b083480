import Bytes
import Collateral
import CollateralService
import Evidence
import Glibc
import Platform
import SimulatedTEE
import SimulatedVendors
import Telemetry
import Verification

/// The vendors' services on this machine, a clock that the test moves, and fetchers that ask them over HTTP.
final class VendorNetwork: Sendable {
  static let issued = Timestamp(seconds: 1_790_000_000)
  static let fmspc = SimulatedPlatform().fmspc
  static let tcbInfo = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: fmspc)
  static let identity = CollateralKey.intelQEIdentity(tee: .tdx)
  static let tcb = TCBVersion.Components(fmc: nil, bootLoader: 4, tee: 0, snp: 24, microcode: 219)

  static let all: [CollateralKey] = [
    tcbInfo, identity, .intelPCKRevocationList(.platform), .intelPCKRevocationList(.processor),
    .intelRootRevocationList, .amdCertificateChain(.milan, .vcek), .amdCertificateChain(.milan, .vlek), vcek(1),
    .amdRevocationList(.milan, .vcek), .amdRevocationList(.milan, .vlek), .amdCertificateChain(.turin, .vcek),
  ]

  static let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()

  static func vcek(_ number: UInt8) -> CollateralKey {
    .amdVCEK(.milan, chipID: [UInt8](repeating: number, count: 64), tcb: tcb)
  }

  let vendors = Locked(SimulatedVendors(issuedAt: issued))
  /// Changes an answer on its way out, by path and query.
  let edit = Locked<@Sendable (String, inout VendorReply) -> Void>({ _, _ in })
  let time = Locked(issued.adding(.seconds(86_400)))
  let events = Locked<[String]>([])
  let server: VendorServer

  init() throws {
    let (vendors, edit) = (vendors, edit)
    server = try VendorServer { target, body in
      var reply = vendors.withLock { $0 }.reply(target, body: body)
      edit.withLock { $0 }(target, &reply)
      return reply
    }
    try server.start()
  }

  deinit { server.stop() }

  var now: Timestamp { time.withLock { $0 } }
  var questions: [String] { server.paths }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.adding(duration) } }
  func answers(_ change: @escaping @Sendable (String, inout VendorReply) -> Void) { edit.withLock { $0 = change } }

  /// What was issued last, from here on.
  func reissue(at date: Timestamp, _ change: (inout SimulatedVendors) -> Void = { _ in }) {
    vendors.withLock { vendors in
      vendors = SimulatedVendors(issuedAt: date)
      change(&vendors)
    }
  }

  var endpoints: VendorEndpoints {
    VendorEndpoints(
      intel: server.url, rootList: .file(server.url + "/IntelSGXRootCA.der"), amd: server.url,
      nvidia: server.url, responder: server.url + "/ocsp")
  }

  /// - Parameter folder: a store, which is read first.
  func fetcher(
    _ folder: String? = nil, endpoints: VendorEndpoints? = nil, timeout: Duration = .seconds(30)
  ) throws -> CollateralFetcher {
    let endpoints = endpoints ?? self.endpoints
    var shelf = CollateralShelf(anchors: Self.anchors)
    let store = try folder.map { try Self.open($0) }
    if let store {
      var ignored: [String] = []
      _ = shelf.restore(try store.folder.records(ignored: &ignored), at: now)
    }
    let (time, events) = (time, events)
    return CollateralFetcher(
      endpoints, client: VendorClient(endpoints, timeout: timeout), shelf: shelf, store: store,
      now: { time.withLock { $0 } }, jitter: { 0.5 },
      report: { event in events.withLock { $0.append(Self.word(event)) } })
  }

  /// A fetcher that just ended may hold its store for a moment longer.
  private static func open(_ folder: String) throws -> CollateralStore {
    for _ in 0..<500 {
      if let store = try? CollateralStore(path: folder) { return store }
      usleep(10_000)
    }
    return try CollateralStore(path: folder)
  }

  private static func word(_ event: CollateralFetcher.Event) -> String {
    switch event {
    case .took(let key, let change, _): "\(key) \(change)"
    case .failed(let key, let fault): "\(key) \(fault.code)"
    case .notSaved(let key, _): "\(key) notSaved"
    }
  }
}

extension CollateralFetcher {
  /// One artefact, or what was wrong.
  func ask(_ key: CollateralKey, again: Bool = false) async -> Outcome {
    await outcomes([key], deadline: .seconds(60), again: again)[key]
      ?? .missing(MissingCollateral(key: key, code: .unavailable), nil)
  }

  func missing(_ key: CollateralKey, again: Bool = false) async -> MissingCollateral? {
    if case .missing(let why, _) = await ask(key, again: again) { why } else { nil }
  }

  func fault(_ key: CollateralKey, again: Bool = false) async -> CollateralFault? {
    if case .missing(_, let fault) = await ask(key, again: again) { fault } else { nil }
  }
}

/// Waits for what other threads bring about.
func comesTrue(_ condition: @Sendable () async -> Bool) async -> Bool {
  for _ in 0..<3000 {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}
