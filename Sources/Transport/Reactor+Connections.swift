import CTransport
import Telemetry

/// What becomes of one connection: the only place where its phase changes. All on the reactor's thread.
extension Reactor {
  /// Reads of one connection before the others have their turn.
  private static let readsPerTurn = 8

  func ready(_ connection: Connection, _ ready: Poller.Interest) {
    if ready.contains(.hungUp) { return abandon(connection) }
    guard connection.phase == .handling else { return pump(connection) }
    // The peer has ended its side, or sends on before it has its answer: this answer is the last.
    connection.keepsAlive = false
    want(connection, [])
  }

  /// Drives the connection as far as it goes without waiting.
  func pump(_ connection: Connection) {
    var reads = 0
    while true {
      switch connection.phase {
      case .handshaking: if !shakeHands(connection) { return }
      case .reading:
        guard reads < Self.readsPerTurn else { return readLater(connection) }
        reads += 1
        if !readSome(connection) { return }
      case .writing: if !writeSome(connection) { return }
      case .leaving: if !discardSome(connection) { return }
      case .handling, .gone: return
      }
    }
  }

  // MARK: phases; each returns whether to go on at once

  private func shakeHands(_ connection: Connection) -> Bool {
    switch connection.stream.handshake() {
    case .count:
      admission.endHandshake()
      connection.clientKey = connection.stream.clientKey
      enter(connection, .reading)
      want(connection, [.readable, .halfClosed])
      return true
    case .wantsRead: want(connection, [.readable, .halfClosed])
    case .wantsWrite: want(connection, .writable)
    case .ended, .broken: drop(connection)
    }
    return false
  }

  private func readSome(_ connection: Connection) -> Bool {
    switch connection.stream.read(into: &scratch) {
    case .count(let count):
      defer { scratch.overwrite(first: count) }
      if connection.reader.stage == .idle { connection.requestSince = now }
      let stage = connection.reader.stage
      let step = connection.reader.take(scratch[..<count], of: connection.facts, by: rules)
      if connection.reader.stage != stage { connection.since = now }
      let mayHaveMore = count == scratch.count || connection.stream.hasPending
      return act(on: step, connection) && (connection.phase != .reading || mayHaveMore)
    case .wantsRead: want(connection, [.readable, .halfClosed])
    case .wantsWrite: want(connection, .writable)
    case .ended, .broken: drop(connection)
    }
    return false
  }

  private func writeSome(_ connection: Connection) -> Bool {
    while connection.written < connection.output.count {
      switch connection.stream.write(connection.output, from: connection.written) {
      case .count(let count):
        connection.written += count
        connection.lastProgress = now
      case .wantsWrite:
        want(connection, .writable)
        return false
      case .wantsRead:
        want(connection, .readable)
        return false
      case .ended, .broken:
        drop(connection)
        return false
      }
    }
    connection.output = []
    connection.written = 0
    endWriting(connection)
    return connection.stream.hasPending
  }

  private func endWriting(_ connection: Connection) {
    switch connection.afterWriting {
    case .body: enter(connection, .reading)
    case .nextRequest:
      connection.reader.reset(limits: rules.limits)
      enter(connection, .reading)
    case .farewell:
      connection.reader.reset(limits: rules.limits)
      connection.stream.end()
      enter(connection, .leaving)
    }
    want(connection, connection.phase == .leaving ? .readable : [.readable, .halfClosed])
  }

  private func discardSome(_ connection: Connection) -> Bool {
    switch connection.stream.discard() {
    case .count, .wantsRead, .wantsWrite: break
    case .ended, .broken: drop(connection)
    }
    return false
  }

  // MARK: requests

  private func act(on step: RequestReader.Step, _ connection: Connection) -> Bool {
    switch step {
    case .more:
      guard hold(connection, connection.reader.bufferedBytes) else { return refuse(connection, .overloaded) }
    case .sendContinue:
      send(connection, HTTPResponse.continueBytes, then: .body)
    case .refuse(let reason):
      return refuse(connection, reason)
    case .answer(let response, let keepsAlive):
      connection.keepsAlive = keepsAlive
      answer(connection, response)
    case .request(let request, let keepsAlive):
      connection.keepsAlive = keepsAlive && !connection.stream.hasPending && stoppedAt == nil
      _ = hold(connection, request.body.count)
      dispatch(connection, request)
      return false
    }
    return true
  }

  private func dispatch(_ connection: Connection, _ request: HTTPRequest) {
    enter(connection, .handling)
    let token = connection.token
    let responder = rules.responder
    // The only reference to the body but for the responder's, so that erasing it erases it where it lies.
    let pending = Locked(request)
    connection.task = Task.detached(executorPreference: self) {
      let response = await responder.respond(to: pending.withLock { $0 })
      pending.withLock { $0.body.erase() }
      self.finish(token, response)
    }
  }

  /// The answer of the responder, which may come after the connection has gone.
  func deliver(_ response: HTTPResponse, to token: UInt64) {
    guard let connection = connection(token) else { return }
    connection.task = nil
    if connection.isAbandoned {
      // Told already that it took too long, or nobody is there to be told; only now does it stop to count.
      if connection.phase == .gone { settle(connection) }
      return
    }
    answer(connection, response)
    pump(connection)
  }

  @discardableResult private func refuse(_ connection: Connection, _ reason: HTTPFailure) -> Bool {
    connection.keepsAlive = false
    answer(connection, rules.responder.failure(status: reason.status, reason: reason))
    return true
  }

  private func answer(_ connection: Connection, _ response: HTTPResponse) {
    let keepsAlive = connection.keepsAlive && stoppedAt == nil
    _ = hold(connection, 0)
    send(connection, response.wire(keepsAlive: keepsAlive), then: keepsAlive ? .nextRequest : .farewell)
  }

  private func send(_ connection: Connection, _ bytes: [UInt8], then after: Connection.AfterWriting) {
    connection.output = bytes
    connection.written = 0
    connection.afterWriting = after
    connection.lastProgress = now
    enter(connection, .writing)
  }

  // MARK: ends

  /// The connection is out of time. Only a peer that has sent a whole request is told so.
  func expire(_ connection: Connection) {
    guard connection.phase == .handling else { return drop(connection) }
    connection.isAbandoned = true
    connection.task?.cancel()
    refuse(connection, .responderTimedOut)
    pump(connection)
  }

  /// The server stops: whatever is not in the middle of a request ends now.
  func retire(_ connection: Connection) {
    let isIdle = connection.phase == .reading && connection.reader.stage == .idle
    if isIdle { connection.stream.end() }
    if isIdle || connection.phase == .handshaking { drop(connection) }
  }

  /// Ends the connection, and with it the task of its request.
  func abandon(_ connection: Connection) {
    connection.isAbandoned = true
    connection.task?.cancel()
    drop(connection)
  }

  /// Ends the connection. While a task still works for it, it keeps its place among those that are counted.
  private func drop(_ connection: Connection) {
    guard connection.phase != .gone else { return }
    if connection.phase == .handshaking { admission.endHandshake() }
    connection.phase = .gone
    connection.reader.reset(limits: rules.limits)
    poller.remove(connection.stream.descriptor)
    if connection.task == nil { settle(connection) } else { connection.stream.end() }
  }

  private func settle(_ connection: Connection) {
    _ = hold(connection, 0)
    release(connection)
  }

  // MARK: small things

  private func enter(_ connection: Connection, _ phase: Connection.Phase) {
    connection.phase = phase
    connection.since = now
  }

  private func want(_ connection: Connection, _ interest: Poller.Interest) {
    guard connection.interest != interest else { return }
    connection.interest = interest
    poller.change(connection.stream.descriptor, interest, token: connection.token)
  }

  /// Tells the server's budget how much of this request is held now.
  private func hold(_ connection: Connection, _ bytes: Int) -> Bool {
    let isWithin = admission.hold(bytes - connection.held)
    connection.held = bytes
    return isWithin
  }
}
