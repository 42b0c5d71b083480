import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Platform
import SignedNotes
import SimulatedTEE
import Telemetry
import TransparencyLog
import Transport

@testable import Broker
@testable import Verification

/// A broker in this process with its endpoints, two approvers, a clock that the test moves and disks in memory.
final class Bench: Sendable {
  static let start: Timestamp = 1_790_000_000

  let broker: KeyBroker
  let disk: MemoryIO
  let registryDisk: MemoryIO
  let evidenceDisk: MemoryIO
  let approvers: [NoteSigner]
  let breakGlass: [NoteSigner]
  let options: Options
  let time: Locked<Timestamp>
  let keyring: [UInt8]
  let root: [UInt8]

  struct Options: Sendable {
    var anchors = true
    var approvers = 2
    var quorum = 2
    var collateral = Endorsements.none
    /// Where more comes from.
    var store: EndorsementStore.Parts?
    var breakGlass = 0
    var privateNames = false
    /// The simulated roots count as the vendors' own, which no configuration can say.
    var asGenuine = false
    /// What one address may ask for in a second, and in a burst.
    var rate = 100_000
  }

  static func make(_ options: Options = Options()) async throws -> Bench {
    let signers = try (0..<options.approvers).map { try NoteSigner(name: "approver\($0)", key: .random()) }
    let breakGlass = try (0..<options.breakGlass).map { try NoteSigner(name: "glass\($0)", key: .random()) }
    return try await Bench(
      options, signers, breakGlass, Disks(), root: SystemRandom.bytes(32), keyring: nil, time: Locked(start))
  }

  /// The same state after a restart.
  func restarted() async throws -> Bench {
    try await Bench(
      options, approvers, breakGlass, Disks(log: disk, registry: registryDisk, evidence: evidenceDisk), root: root,
      keyring: keyring, time: time)
  }

  private struct Disks {
    var log = MemoryIO()
    var registry = MemoryIO()
    var evidence = MemoryIO()
  }

  private init(
    _ options: Options, _ signers: [NoteSigner], _ breakGlass: [NoteSigner], _ disks: Disks, root: [UInt8],
    keyring file: [UInt8]?, time: Locked<Timestamp>
  ) async throws {
    var copy = root
    let provider = try FileRoot(key: SecretBytes(erasing: &copy))
    let file = try file ?? Keyring.create(under: provider)
    let keyring = try Keyring.open(file, under: provider)
    let log = try DecisionLog.open(
      disks.log, signer: NoteSigner(name: "vouchsafe.test/log", key: keyring.logKey), absence: .begin,
      executor: try SerialThread())
    let values = ReferenceValues(
      quorum: try Self.quorum(signers, options.quorum), breakGlass: try Self.quorum(breakGlass, breakGlass.count),
      salt: options.privateNames ? keyring.valuesSalt : nil)
    let registry = try await Registry.replaying(
      log, blobs: try BlobStore(disks.registry, folder: "registry"), values: values)
    let evidence = try BlobStore(disks.evidence, folder: "evidence")
    let approversFile = values.quorum.map { CanonicalJSON.encode($0.document) } ?? []
    let glass = values.breakGlassQuorum.map { CanonicalJSON.encode($0.document) } ?? []
    for file in [approversFile, glass] { _ = try await evidence.store(file) }
    let anchorsDocument = CanonicalJSON.encode(.array([SimulatedKeys.shared.anchorsFile]))
    let anchorsDigest = options.anchors ? try await evidence.store(anchorsDocument) : nil
    let clock: @Sendable () -> Timestamp = { time.withLock { $0 } }
    let anchors = try Self.anchors(options)
    var storeParts = options.store ?? EndorsementStore.Parts(anchors: anchors)
    storeParts.anchors = anchors
    let store = EndorsementStore(storeParts)
    store.hold(options.collateral, at: clock())
    var configuration = BrokerConfiguration()
    configuration.releaseHold = .zero
    (configuration.attestRate, configuration.attestBurst) = (options.rate, options.rate)
    let instance = Instance(logName: "vouchsafe.test/log", logEpoch: "e", privateNames: options.privateNames)
    broker = KeyBroker(
      KeyBroker.Parts(
        configuration: configuration, instance: instance, keyring: keyring, anchors: anchors,
        extraAnchorsDigest: anchorsDigest, endorsements: store, log: log, evidence: evidence, registry: registry,
        events: EventLog(service: "test", now: clock), origin: Leaf.Origin(node: "test", build: "b", logEpoch: "e"),
        workers: 2, clock: clock, random: SystemRandom.bytes))
    disk = disks.log
    registryDisk = disks.registry
    evidenceDisk = disks.evidence
    approvers = signers
    self.breakGlass = breakGlass
    self.options = options
    self.time = time
    self.keyring = file
    self.root = root
    try await broker.recordStart(StateDigests(approvers: approversFile, breakGlass: glass))
  }

  private static func quorum(_ signers: [NoteSigner], _ threshold: Int) throws -> ApproverQuorum? {
    signers.isEmpty ? nil : try ApproverQuorum(threshold: threshold, approvers: signers.map(\.verifierKey))
  }

  /// The simulated roots as if they were the vendors'.
  static func genuineAnchors() throws -> Anchors {
    let extra = try Anchors.parseFile(CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile))
    return Anchors(all: extra.map { Anchor(tee: $0.tee, product: $0.product, trust: $0.trust, isSimulated: false) })
  }

  private static func anchors(_ options: Options) throws -> Anchors {
    if options.asGenuine { return try genuineAnchors() }
    let extra = try Anchors.parseFile(CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile))
    return options.anchors ? Anchors.builtIn.adding(extra) : .builtIn
  }

  func advance(_ duration: Duration) { time.withLock { $0 = $0.adding(duration) } }

  // what strangers call

  func call(
    _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> HTTPResponse {
    await KBSEndpoint(broker: broker).respond(to: try HTTPRequest(method, target, headers: headers, body: body))
  }

  // what administrators call

  static let adminPin = [UInt8](repeating: 7, count: 32)

  /// - Parameter roles: of the pinned key.
  func admin(
    _ method: HTTPMethod, _ target: String, body: [UInt8] = [], pin: [UInt8]? = adminPin,
    as roles: Set<AdminRole> = Set(AdminRole.allCases)
  ) async throws -> HTTPResponse {
    let endpoint = AdminEndpoint(broker: broker, pins: [Self.adminPin: roles])
    return await endpoint.respond(to: try HTTPRequest(method, target, body: body, clientKey: pin))
  }

  func submit(_ statement: ReferenceStatement, by signers: [NoteSigner]? = nil) async throws -> HTTPResponse {
    var signed = try SignedStatement(proposing: statement)
    for signer in signers ?? approvers { try signed.sign(with: signer) }
    return try await admin(.post, "/v1/statements", body: signed.bytes)
  }

  func approve(_ bundle: JSONValue, version: UInt64 = 1, previous: [UInt8]? = nil) async throws -> HTTPResponse {
    try await submit(
      ReferenceStatement(
        kind: .reference, scope: bundle["name"]?.stringValue ?? "", version: version, previous: previous,
        notAfter: Self.start.adding(.seconds(86_400)), body: bundle))
  }

  func entries() async throws -> [JSONValue] {
    var leaves: [JSONValue] = []
    for index in 0..<(await broker.log.size) {
      leaves.append(try StrictJSON.parse(try await broker.log.entry(at: index)))
    }
    return leaves
  }
}

extension EndorsementStore {
  /// As if these lay in a folder.
  func hold(_ endorsements: Endorsements, at now: Timestamp) {
    let artefacts =
      endorsements.certificates.map { CollateralArtefact.certificate($0) }
      + endorsements.revocationLists.map { CollateralArtefact.revocationList($0) }
      + endorsements.documents.map { CollateralArtefact.document($0) }
      + endorsements.manifests.map { CollateralArtefact.manifest($0) }
      + endorsements.answers.map { CollateralArtefact.answer($0) }
    let proofs = state.withLock { state in
      state.stock.replaceFolders(artefacts, anchors: parts.anchors, at: now)
      return state.stock.proofs
    }
    remember(proofs, at: now)
  }
}

extension HTTPResponse {
  var json: JSONValue { (try? StrictJSON.parse(body)) ?? .null }
  var code: String? { json["code"]?.stringValue }
  func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
}

/// A reference bundle that fits the simulated platform as it comes.
func bundle(_ name: String = "demo", measurement: UInt8 = 0x5A, edit: (inout JSONObject) -> Void = { _ in })
  -> JSONValue
{
  let floor: JSONValue = .object([("bootLoader", 4), ("tee", 0), ("snp", 24), ("microcode", 219)])
  let snp: JSONValue = .object([
    ("measurements", [.string(Hex.encode([UInt8](repeating: measurement, count: 48)))]), ("products", ["Milan"]),
    ("minimumTCB", .object([("Milan", .object([("reported", floor), ("launch", floor)]))])),
    ("requireRevocationCheck", false),
  ])
  var object = JSONObject([
    ("schema", "vouchsafe/reference/v1"), ("name", .string(name)), ("workload", "a test"),
    ("acceptingSimulatedEvidence", true), ("tees", .object([("snp", snp)])),
  ])
  edit(&object)
  return .object(object)
}

/// A method as test tables write it.
enum HTTPMethodName: String {
  case get = "GET"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"

  var method: HTTPMethod {
    switch self {
    case .get: .get
    case .post: .post
    case .put: .put
    case .delete: .delete
    }
  }
}
