import Appraisal
package import Bytes
import Cryptography
import Platform
import SignedNotes
import Telemetry
import TransparencyLog
import Transport
import Verification

/// A broker that is up: state opened, log recovered, registry replayed, both listeners bound.
package final class BrokerService: Sendable {
  let broker: KeyBroker
  private let lock: DurableDirectory
  private let publicServer: HTTPServer
  private let adminServer: HTTPServer

  package let address: BrokerConfiguration.Address
  package let adminAddress: BrokerConfiguration.Address

  /// Why it ended.
  package enum End: Equatable, Sendable {
    case asked
    /// The log could not be written: nothing more may be released. The next start recovers, or refuses.
    case logFailed(String)
    /// A witness showed a checkpoint under this log's key that is not of this log's history.
    case forked(size: UInt64)
  }

  private init(
    _ broker: KeyBroker, lock: DurableDirectory, _ publicServer: HTTPServer, _ adminServer: HTTPServer
  ) {
    self.broker = broker
    self.lock = lock
    self.publicServer = publicServer
    self.adminServer = adminServer
    address = .init(host: broker.configuration.listen.host, port: publicServer.boundPort)
    adminAddress = .init(host: broker.configuration.adminListen.host, port: adminServer.boundPort)
  }

  /// Opens the state and binds the listeners. Nothing is served before `run`.
  package static func start(
    state: StateDirectory, configuration: BrokerConfiguration, clock: @escaping @Sendable () -> Timestamp
  ) async throws -> BrokerService {
    let opened = try await OpenedState.open(state, configuration: configuration, clock: clock)
    let broker = KeyBroker(opened.parts)
    let identity = try tlsIdentity(state, at: clock())
    let pins = try pins(state)
    try await recordStart(of: broker, opened, state)
    var limits = ServerLimits()
    limits.connectionsPerPeer = configuration.connectionsPerAddress
    let publicServer = try listener(
      ServerConfiguration(
        host: configuration.listen.host, port: UInt16(configuration.listen.port), tls: identity,
        serverNames: configuration.serverNames, limits: limits),
      responder: KBSEndpoint(broker: broker))
    let adminServer = try listener(
      ServerConfiguration(
        host: configuration.adminListen.host, port: UInt16(configuration.adminListen.port), tls: identity,
        clientCertificates: .required, serverNames: configuration.serverNames),
      responder: AdminEndpoint(broker: broker, pins: pins))
    return BrokerService(broker, lock: opened.lock, publicServer, adminServer)
  }

  /// The leaf of this start; the first write of a process, so the first to meet a full disk.
  private static func recordStart(
    of broker: KeyBroker, _ opened: OpenedState, _ state: StateDirectory
  ) async throws {
    do { try await broker.recordStart(opened.digests) } catch BrokerError.logUnavailable {
      throw StartError.logUnwritable(reason: broker.stop.failure ?? "", folder: state.log)
    }
  }

  private static func listener(
    _ configuration: ServerConfiguration, responder: some HTTPResponder
  ) throws -> HTTPServer {
    do { return try HTTPServer(configuration, responder: responder) } catch TransportError.cannotListen(let number) {
      throw StartError.cannotListen(address: "\(configuration.host):\(configuration.port)", errno: number)
    }
  }

  static func tlsIdentity(_ state: StateDirectory, at now: Timestamp) throws -> TLSIdentity {
    let certificate = try StateFile.certificate.read(state.certificate, limitBytes: 1 << 20)
    var key = try StateFile.certificateKey.read(state.certificateKey, limitBytes: 1 << 16)
    do { return try TLSIdentity(certificatePEM: certificate, erasingKeyPEM: &key, now: now) } catch {
      let isOfKey = [.tlsKeyMalformed, .tlsKeyWeak].contains(error)
      let (file, path) =
        isOfKey ? (StateFile.certificateKey, state.certificateKey) : (.certificate, state.certificate)
      throw file.fault(.malformed(words(for: error, state)), at: path)
    }
  }

  private static func words(for error: TransportError, _ state: StateDirectory) -> String {
    switch error {
    case .tlsCertificateMalformed: "holds no certificate in PEM"
    case .tlsChainBroken: "is not a chain, leaf first"
    case .tlsKeyMalformed: "holds no private key in PEM"
    case .tlsKeyWeak: "holds a key that is too weak"
    case .tlsKeyMismatch: "is not the certificate of \(state.certificateKey)"
    case .tlsNotYetValid: "is not valid yet by the machine's clock"
    case .tlsExpired: "has expired by the machine's clock"
    default: "cannot be used (\(error.code))"
    }
  }

  private static func pins(_ state: StateDirectory) throws -> [[UInt8]: Set<AdminRole>] {
    let text = String(decoding: try StateFile.adminPins.read(state.adminPins, limitBytes: 1 << 16), as: UTF8.self)
    var pins: [[UInt8]: Set<AdminRole>] = [:]
    for (number, line) in text.split(separator: "\n").enumerated() {
      guard let (key, roles) = try? AdminRole.pin(parsing: line) else {
        let words = "has no SHA-256 of 64 hexadecimal digits, or a role that is none, in line \(number + 1)"
        throw StateFile.adminPins.fault(.malformed(words), at: state.adminPins)
      }
      pins[key, default: []].formUnion(roles)
    }
    guard !pins.isEmpty else { throw StateFile.adminPins.fault(.malformed("names nobody"), at: state.adminPins) }
    return pins
  }

  /// Puts the certificate that now stands in the state into force; the old one stays on failure.
  package func reloadCertificate(_ state: StateDirectory) {
    do {
      let identity = try Self.tlsIdentity(state, at: broker.clock())
      try publicServer.reload(tls: identity)
      try adminServer.reload(tls: identity)
      broker.events.write(.info, "certificate-reloaded")
    } catch {
      broker.events.write(.error, "certificate-reload-failed")
    }
  }

  /// Reads the folders of collateral again, changed or not, beside whatever goes on.
  package func reloadCollateral() {
    Task { [broker] in await broker.endorsements.reloadFolders(at: broker.clock(), always: true) }
  }

  /// Asks a running service to end.
  package func stop() { broker.stop.signal(.asked) }

  /// Serves until it is asked to stop or the log fails; then lets requests under way finish, and leaves the log in files.
  package func run() async -> End {
    let end = await withTaskGroup(of: Void.self, returning: StopSignal.Reason.self) { group in
      group.addTask { [publicServer, broker] in await Self.serve(publicServer, for: broker) }
      group.addTask { [adminServer, broker] in await Self.serve(adminServer, for: broker) }
      group.addTask { [broker] in await broker.maintain() }
      group.addTask { [broker] in await broker.maintainCollateral() }
      let reason = await broker.stop.wait()
      if case .logFailed = reason { try? await Task.sleep(for: .milliseconds(500)) }
      group.cancelAll()
      return reason
    }
    switch end {
    case .logFailed(let code): return .logFailed(code)
    case .forked(let size): return .forked(size: size)
    case .asked:
      await broker.writeDenySummary()
      await broker.flushLog()
      return broker.stop.failure.map { .logFailed($0) } ?? .asked
    }
  }

  private static func serve(_ server: HTTPServer, for broker: KeyBroker) async {
    do {
      try await server.run()
    } catch {
      broker.events.write(.error, "listener-failed", ["code": .code(error.code)])
      broker.stop.signal(.asked)
    }
  }
}
