import CTransport
import Telemetry

/// Where and how a server listens.
package struct ServerConfiguration: Sendable {
  /// A name or an IP literal without brackets.
  package var host: String
  /// 0 takes any free port; see `HTTPServer.boundPort`.
  package var port: UInt16
  /// nil serves plain HTTP, which is for the loopback interface alone.
  package var tls: TLSIdentity?
  package var clientCertificates: ClientCertificates
  /// The names that requests may be addressed to, besides the address they reach, "localhost" and the names of the
  /// certificate.
  package var serverNames: [String]
  package var limits: ServerLimits

  package init(
    host: String = "127.0.0.1", port: UInt16 = 0, tls: TLSIdentity?, clientCertificates: ClientCertificates = .none,
    serverNames: [String] = [], limits: ServerLimits = ServerLimits()
  ) {
    self.host = host
    self.port = port
    self.tls = tls
    self.clientCertificates = clientCertificates
    self.serverNames = serverNames
    self.limits = limits
  }
}

/// An HTTP/1.1 server over TLS 1.3. It listens from the moment it is made, and serves while `run` does.
package final class HTTPServer: Sendable {
  private enum State {
    case made
    case running(CheckedContinuation<Void, Never>?, undrained: Int)
    case stopped
  }

  package let boundPort: Int
  private let reactors: [Reactor]
  private let admission: Admission
  private let clientCertificates: ClientCertificates
  private let context: Locked<TLSContext?>
  private let state: Locked<State>

  package init(_ configuration: ServerConfiguration, responder: any HTTPResponder) throws(TransportError) {
    let limits = configuration.limits
    let admission = Admission(limits: limits)
    let clients = configuration.clientCertificates
    var first: TLSContext?
    if let identity = configuration.tls { first = try TLSContext(identity, clients: clients) }
    let context = Locked(first)
    let state = Locked(State.made)
    let listener = try Listener(host: configuration.host, port: configuration.port, admission: admission) {
      context.withLock { $0 }
    }
    let rules = RequestReader.Rules(limits: limits, names: Self.names(configuration), responder: responder)
    var reactors: [Reactor] = []
    for index in 0..<max(1, limits.reactors ?? min(4, Int(ct_processor_count()))) {
      reactors.append(
        try Reactor(rules: rules, admission: admission, listener: index == 0 ? listener : nil) {
          Self.oneDrained(state)
        })
    }
    listener.reactors = reactors
    boundPort = listener.port
    self.reactors = reactors
    self.admission = admission
    clientCertificates = clients
    self.context = context
    self.state = state
  }

  deinit {
    let wasRun = state.withLock { state in
      guard case .made = state else { return true }
      return false
    }
    if !wasRun { for reactor in reactors { reactor.closeListener() } }
  }

  /// Serves until the task is cancelled; then takes no more connections, lets requests under way finish for at most
  /// `ServerLimits.drain`, and returns.
  /// - Throws: `TransportError.alreadyRun` the second time; `outOfResources` when no thread can be had.
  package func run() async throws(TransportError) {
    let isFirst = state.withLock { state in
      guard case .made = state else { return false }
      state = .running(nil, undrained: reactors.count)
      return true
    }
    guard isFirst else { throw .alreadyRun }
    var failure: TransportError?
    var started = 0
    for (index, reactor) in reactors.enumerated() where failure == nil {
      do throws(TransportError) {
        try reactor.start(name: "transport-\(index)")
        started += 1
      } catch {
        failure = error
        reactor.closeListener()
      }
    }
    for _ in started..<reactors.count { Self.oneDrained(state) }
    if failure != nil { stop() }
    await withTaskCancellationHandler {
      await untilDrained()
    } onCancel: {
      stop()
    }
    if let failure { throw failure }
  }

  /// Puts a new certificate and key in force for connections that come from now on.
  package func reload(tls identity: TLSIdentity) throws(TransportError) {
    let fresh = try TLSContext(identity, clients: clientCertificates)
    let isTLS = context.withLock { context in
      guard context != nil else { return false }
      context = fresh
      return true
    }
    guard isTLS else { throw .tlsNotInUse }
  }

  /// What the server carries now.
  package var load: ServerLoad { admission.load }

  private func stop() { for reactor in reactors { reactor.stop() } }

  private func untilDrained() async {
    await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
      let isDone = state.withLock { state in
        guard case .running(nil, let undrained) = state else { return true }
        state = .running(waiter, undrained: undrained)
        return false
      }
      if isDone { waiter.resume() }
    }
  }

  private static func oneDrained(_ state: Locked<State>) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard case .running(let waiter, let undrained) = state else { return nil }
      guard undrained == 1 else {
        state = .running(waiter, undrained: undrained - 1)
        return nil
      }
      state = .stopped
      return waiter
    }
    waiter?.resume()
  }

  private static func names(_ configuration: ServerConfiguration) -> ServerNames {
    ServerNames(["localhost", "127.0.0.1", "::1", configuration.host] + configuration.serverNames)
  }
}
