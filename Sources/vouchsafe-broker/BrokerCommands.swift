import Broker
import Bytes
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
    Option(
      "--break-glass-approver", value: "VKEY", repeats: true, "one who may break the glass; not one of the approvers"),
    Option("--break-glass-quorum", value: "K", "how many of them must sign (default: all of them)"),
    Option("--private-names", "keep names out of the public log, for good: it holds salted commitments"),
    Option("--log-name", value: "NAME", "the name of the decision log (default: vouchsafe.local/log)"),
    Option("--host", value: "NAME", repeats: true, "a further name or address for the TLS certificate"),
  ],
  example: "vouchsafe-broker init --state /var/lib/vouchsafe --approver ana.vkey --approver ben.vkey --quorum 2"
) { arguments in
  _ = try arguments.positional()
  let approvers = try readKeys(arguments.values("--approver"))
  let breakGlass = try readKeys(arguments.values("--break-glass-approver"))
  let quorum = try arguments.integer("--quorum", in: 1...32) ?? approvers.count
  let state = StateDirectory(path: try arguments.required("--state"))
  var initialisation = Initialisation(
    state: state, logName: arguments.value("--log-name") ?? "vouchsafe.local/log",
    hostNames: arguments.values("--host"), approvers: approvers, quorum: quorum)
  initialisation.breakGlassApprovers = breakGlass
  initialisation.breakGlassQuorum = try arguments.integer("--break-glass-quorum", in: 1...32) ?? breakGlass.count
  initialisation.privateNames = arguments.flag("--private-names")
  let vkey: String
  do {
    vkey = try initialisation.run(at: Timestamp.now)
  } catch let refusal as Initialisation.Refusal {
    throw Failure(.usage, "init: \(refusal.sentence)")
  } catch let error as PlatformError {
    throw Failure(.unavailable, "init: cannot write \(state.path): \(error); remove it and start again")
  } catch StartError.logUnwritable(let reason, let folder) {
    throw Failure(.unavailable, "init: cannot write \(folder): \(reason); remove \(state.path) and start again")
  }
  Console.line("log verifier key: \(vkey)")
  Console.line("admin certificate: \(state.adminCertificate)")
  Console.line("admin key: \(state.adminKey)")
  Console.line("provider's and auditor's: \(state.path)/admin/provider.*.pem, \(state.path)/admin/auditor.*.pem")
  Console.line("client configuration: \(state.client)")
  if approvers.isEmpty {
    Console.note("no approver is named: no reference bundle can ever be approved, so this state never releases a key")
  } else if quorum == 1 {
    Console.note("one approver's signature is enough: a single stolen key can widen what is released")
  }
  return .ok
}

private func readKeys(_ paths: [String]) throws(Failure) -> [String] {
  var keys: [String] = []
  for path in paths {
    keys.append(
      String(decoding: try Console.readFile(path, limit: 4096), as: UTF8.self)
        .split(separator: "\n").joined(separator: ""))
  }
  return keys
}

private let serveCommand = Command(
  "serve", "serves the KBS protocol, the decision log and the administration",
  options: [
    stateOption, Option("--config", value: "FILE", "configuration, JSON with comments"),
    Option("--listen", value: "HOST:PORT", "where pods call (default 127.0.0.1:8443; port 0: any)"),
    Option("--admin-listen", value: "HOST:PORT", "where administrators call (default 127.0.0.1:8444)"),
    Option("--anchors", value: "FILE", repeats: true, "extra trust anchors; all they vouch for is marked simulated"),
    Option("--collateral", value: "DIR", repeats: true, "vendor certificates and revocation lists"),
    Option(
      "--witness-checkpoint", value: "FILE", repeats: true,
      "a signed checkpoint of this log that somebody kept: a state that does not reach it is not served"),
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
  case .forked(let size):
    throw Failure(
      .integrity,
      "a witness holds another history of this log: its key signed two of size \(size). Nothing more is released; keep "
        + "this state and the exchange folder as they are, and find out who has the log's key or put back an old disk")
  }
}

/// The service once it is up. Before that a signal ends the process at once: recovery may take its time, and a process that
/// ends in it leaves what the next start needs.
private final class Running: Sendable {
  private let service = Mutex<BrokerService?>(nil)

  func begin(_ started: BrokerService) { service.withLock { $0 = started } }

  func hear(_ signal: SignalSource.Request, _ state: StateDirectory) {
    switch (signal, service.withLock { $0 }) {
    case (.stop, nil): MainThread.end(ExitCode.ok.rawValue)
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
  configuration.witnessCheckpoints += arguments.values("--witness-checkpoint")
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
    if let witnesses = configuration.witnesses {
      configuration.witnesses?.policyFile = absolute(witnesses.policyFile)
      configuration.witnesses?.exchange = absolute(witnesses.exchange)
    }
    return configuration
  } catch let error as ParseError {
    let near =
      error.reason == .unknownField ? Nearest.name(to: error.field, among: BrokerConfiguration.memberNames) : nil
    throw Failure(.usage, "\(path): \(error)\(near.map { "; did you mean \($0)?" } ?? "")")
  }
}

private let checkConfigCommand = Command(
  "check-config", arguments: "FILE", "reads a configuration and the files it names, and says what is wrong",
  example: "vouchsafe-broker check-config broker.json"
) { arguments in
  let path = try arguments.one(of: "FILE")
  do {
    try parseConfiguration(path).checkFiles()
  } catch let error as StartError { throw Failure(.usage, "\(path): \(error.sentence)") }
  Console.line("ok")
  return .ok
}
