import Broker
import Bytes
import Glibc
import Platform
import Synchronization
import Terminal

let brokerCommands = [initCommand, serveCommand, checkConfigCommand]

private let stateOption = Option("--state", value: "DIR", "the broker's state")

private let initCommand = Command(
  "init", "makes a new state: keys, certificates, approvers; it releases nothing yet",
  options: [
    stateOption,
    Option("--approver", value: "VKEY", repeats: true, "an approver's verifier key file (vouchsafe key create)"),
    Option("--quorum", value: "K", "how many approvers must sign a statement (default: all of them)"),
    Option("--log-name", value: "NAME", "the name of the decision log (default: vouchsafe.local/log)"),
    Option("--host", value: "NAME", repeats: true, "a further name or address for the TLS certificate"),
  ],
  example: "vouchsafe-broker init --state /var/lib/vouchsafe --approver ana.vkey --approver ben.vkey --quorum 2"
) { arguments in
  _ = try arguments.positional()
  let approvers = try arguments.values("--approver").map { path in
    String(decoding: try Console.readFile(path, limit: 4096), as: UTF8.self)
      .split(separator: "\n").joined(separator: "")
  }
  let quorum = try arguments.integer("--quorum", in: 1...32) ?? approvers.count
  let state = StateDirectory(path: try arguments.required("--state"))
  let initialisation = Initialisation(
    state: state, logName: arguments.value("--log-name") ?? "vouchsafe.local/log",
    hostNames: arguments.values("--host"), approvers: approvers, quorum: quorum)
  let vkey: String
  do {
    vkey = try initialisation.run(at: Timestamp.now)
  } catch let refusal as Initialisation.Refusal {
    throw Failure(.usage, "init: \(refusal.sentence)")
  } catch let error as PlatformError {
    throw Failure(.unavailable, "init: cannot write \(state.path): \(error); remove it and start again")
  }
  Console.line("log verifier key: \(vkey)")
  Console.line("admin certificate: \(state.adminCertificate)")
  Console.line("admin key: \(state.adminKey)")
  Console.line("client configuration: \(state.client)")
  if approvers.isEmpty {
    Console.note("no approver is named: no reference bundle can ever be approved, so this state never releases a key")
  } else if quorum == 1 {
    Console.note("one approver's signature is enough: a single stolen key can widen what is released")
  }
  return .ok
}

private let serveCommand = Command(
  "serve", "serves the KBS protocol, the decision log and the administration",
  options: [
    stateOption, Option("--config", value: "FILE", "configuration, JSON with comments"),
    Option("--listen", value: "HOST:PORT", "where pods call (default 127.0.0.1:8443; port 0: any)"),
    Option("--admin-listen", value: "HOST:PORT", "where administrators call (default 127.0.0.1:8444)"),
    Option("--anchors", value: "FILE", repeats: true, "extra trust anchors; all they vouch for is marked simulated"),
    Option("--collateral", value: "DIR", repeats: true, "vendor certificates and revocation lists"),
  ],
  example: "vouchsafe-broker serve --state /var/lib/vouchsafe --listen 0.0.0.0:8443"
) { arguments in
  _ = try arguments.positional()
  let state = StateDirectory(path: try arguments.required("--state"))
  let configuration = try readConfiguration(arguments)
  let signals = try SignalSource()
  let running = Running()
  let watcher = Task {
    for await signal in signals.stream { running.hear(signal, state) }
  }
  defer { watcher.cancel() }
  let service = try await start(state, configuration)
  running.begin(service)
  Console.line("ready broker=https://\(service.address.text) admin=https://\(service.adminAddress.text)")
  switch await service.run() {
  case .asked: return .ok
  case .logFailed(let reason):
    throw Failure(
      .integrity, "the decision log could not be written (\(reason)); nothing more is released. Start again to recover")
  }
}

/// The service once it is up. Before that a signal ends the process at once: recovery may take its time, and a process that
/// ends in it leaves what the next start needs.
private final class Running: Sendable {
  private let service = Mutex<BrokerService?>(nil)

  func begin(_ started: BrokerService) { service.withLock { $0 = started } }

  func hear(_ signal: SignalSource.Request, _ state: StateDirectory) {
    switch (signal, service.withLock { $0 }) {
    case (.stop, nil): exit(ExitCode.ok.rawValue)
    case (.stop, let service?): service.stop()
    case (.reload, let service):
      service?.reloadCertificate(state)
      service?.reloadCollateral()
    }
  }
}

private func start(_ state: StateDirectory, _ configuration: BrokerConfiguration) async throws -> BrokerService {
  do {
    let service = try await BrokerService.start(state: state, configuration: configuration) { Timestamp.now }
    try service.writeClientConfiguration(state)
    return service
  } catch let error as StartError {
    let exit: ExitCode =
      switch error.kind {
      case .usage: .usage
      case .unavailable: .unavailable
      case .integrity: .integrity
      }
    throw Failure(exit, error.sentence)
  } catch let error as PlatformError {
    throw Failure(.unavailable, "cannot write in \(state.path): \(error)")
  }
}

private func readConfiguration(_ arguments: Arguments) throws -> BrokerConfiguration {
  var configuration = BrokerConfiguration()
  if let path = arguments.value("--config") { configuration = try parseConfiguration(path) }
  func address(_ option: String) throws(Failure) -> BrokerConfiguration.Address? {
    guard let text = arguments.value(option) else { return nil }
    guard let address = try? BrokerConfiguration.Address(parsing: text) else {
      throw Failure(.usage, "serve: \(option) takes HOST:PORT")
    }
    return address
  }
  if let listen = try address("--listen") { configuration.listen = listen }
  if let listen = try address("--admin-listen") { configuration.adminListen = listen }
  configuration.anchors += arguments.values("--anchors")
  configuration.collateral += arguments.values("--collateral")
  return configuration
}

private func parseConfiguration(_ path: String) throws -> BrokerConfiguration {
  do {
    var configuration = try BrokerConfiguration(parsing: try Console.readFile(path, limit: 1 << 20))
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let absolute = { (name: String) in name.hasPrefix("/") ? name : folder + name }
    configuration.anchors = configuration.anchors.map(absolute)
    configuration.collateral = configuration.collateral.map(absolute)
    configuration.collateralFetcher = configuration.collateralFetcher.map(absolute)
    return configuration
  } catch let error as ParseError {
    let near =
      error.reason == .unknownField ? Nearest.name(to: error.field, among: BrokerConfiguration.memberNames) : nil
    throw Failure(.usage, "\(path): \(error)\(near.map { "; did you mean \($0)?" } ?? "")")
  }
}

private let checkConfigCommand = Command(
  "check-config", arguments: "FILE", "reads a configuration and says what is wrong with it",
  example: "vouchsafe-broker check-config broker.json"
) { arguments in
  _ = try parseConfiguration(try arguments.one(of: "FILE"))
  Console.line("ok")
  return .ok
}
