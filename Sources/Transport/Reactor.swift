import CTransport
import Synchronization
import Telemetry

/// One thread that serves connections and runs the tasks of their requests.
///
/// Unchecked: `inbox`, `threadID` and `poller` are made for many threads; everything else is touched by the reactor's
/// own thread alone, from `start` on.
final class Reactor: TaskExecutor, @unchecked Sendable {
  private struct Inbox {
    var jobs: [UnownedJob] = []
    var accepted: [Accepted] = []
    var finished: [(token: UInt64, response: HTTPResponse)] = []
    var isStopping = false
    var isWoken = false
    var hasEnded = false
  }

  let poller: Poller
  let rules: RequestReader.Rules
  let admission: Admission
  let deadlines: Deadlines
  /// Only the first reactor of a server has one.
  private let listener: Listener?
  private let whenDrained: @Sendable () -> Void

  private let inbox = Locked(Inbox())
  private let threadID = Atomic<UInt64>(0)
  private let held = Atomic<Int>(0)

  private(set) var connections: [Connection?] = []
  private var freeSlots: [Int] = []
  private var generation: UInt32 = 0
  private var jobs: [UnownedJob] = []
  private var unread: [UInt64] = []
  var scratch = [UInt8](repeating: 0, count: 64 * 1024)
  private(set) var now = ct_now()
  private var lastSweep: UInt64 = 0
  /// When the server was told to stop; connections then end with their current request.
  private(set) var stoppedAt: UInt64?
  private var hasToldDrained = false

  static let listenToken = UInt64.max - 1
  private static let sweepInterval: UInt64 = 100

  init(
    rules: RequestReader.Rules, admission: Admission, listener: Listener?, whenDrained: @escaping @Sendable () -> Void
  ) throws(TransportError) {
    poller = try Poller()
    self.rules = rules
    self.admission = admission
    self.listener = listener
    self.whenDrained = whenDrained
    deadlines = Deadlines(rules.limits)
  }

  // MARK: from other threads

  /// Starts the thread, which keeps the reactor alive until it is drained.
  func start(name: String) throws(TransportError) {
    if let listener, !poller.add(listener.descriptor, .readable, token: Self.listenToken) {
      throw .outOfResources(errno: 0)
    }
    let context = unsafe Unmanaged.passRetained(self)
    let started = unsafe ct_thread_start(
      name, { unsafe Unmanaged<Reactor>.fromOpaque($0.unsafelyUnwrapped).takeRetainedValue().run() },
      context.toOpaque())
    guard started == 0 else {
      unsafe context.release()
      throw .outOfResources(errno: -started)
    }
  }

  func stop() { post { $0.isStopping = true } }

  /// Connections held, for whoever hands out new ones.
  var connectionCount: Int { held.load(ordering: .relaxed) }

  func adopt(_ accepted: Accepted) {
    held.add(1, ordering: .relaxed)
    if isCurrent { open(accepted) } else { post { $0.accepted.append(accepted) } }
  }

  /// Hands over the answer to the request of that connection.
  func finish(_ token: UInt64, _ response: HTTPResponse) {
    if isCurrent { deliver(response, to: token) } else { post { $0.finished.append((token, response)) } }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      jobs.append(job)
    } else if !post({ $0.jobs.append(job) }) {
      // Only a task that outlives its server gets here; it goes on elsewhere.
      globalConcurrentExecutor.enqueue(job)
    }
  }

  private var isCurrent: Bool { threadID.load(ordering: .relaxed) == ct_thread_current() }

  /// False when the thread has ended; then nothing was put in.
  @discardableResult private func post(_ put: (inout Inbox) -> Void) -> Bool {
    let (isAlive, needsWake) = inbox.withLock { inbox in
      guard !inbox.hasEnded else { return (false, false) }
      put(&inbox)
      defer { inbox.isWoken = true }
      return (true, !inbox.isWoken)
    }
    if needsWake { poller.wake() }
    return isAlive
  }

  // MARK: the loop

  private func run() {
    threadID.store(ct_thread_current(), ordering: .relaxed)
    var events: [Poller.Event] = []
    repeat {
      poller.wait(milliseconds: patience, into: &events)
      now = ct_now()
      takeInbox()
      for event in events { handle(event) }
      readOn()
      runJobs()
      sweep()
    } while !isFinished()
    threadID.store(0, ordering: .relaxed)
  }

  /// How long the next wait may last.
  private var patience: Int32? {
    if !jobs.isEmpty || !unread.isEmpty { return 0 }
    return connectionCount > 0 || stoppedAt != nil ? Int32(Self.sweepInterval) : nil
  }

  private func takeInbox() {
    let (newJobs, accepted, finished, isStopping) = inbox.withLock { inbox in
      let taken = (inbox.jobs, inbox.accepted, inbox.finished, inbox.isStopping)
      inbox.jobs = []
      inbox.accepted = []
      inbox.finished = []
      inbox.isWoken = false
      return taken
    }
    jobs += newJobs
    if isStopping, stoppedAt == nil { beginStopping() }
    for one in accepted { open(one) }
    for one in finished { deliver(one.response, to: one.token) }
  }

  private func handle(_ event: Poller.Event) {
    if event.token == Self.listenToken {
      listener?.acceptAll()
    } else if let connection = connection(event.token) {
      ready(connection, event.ready)
    }
  }

  /// Goes on with connections whose bytes already are inside TLS, or who had more than their share of a turn.
  private func readOn() {
    let tokens = unread
    unread = []
    for token in tokens {
      if let connection = connection(token) { pump(connection) }
    }
  }

  /// One round: jobs that these put in come next time, after the sockets had theirs.
  private func runJobs() {
    let round = jobs
    jobs = []
    for job in round { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  private func sweep() {
    guard now - lastSweep >= Self.sweepInterval else { return }
    lastSweep = now
    for case let connection? in connections where connection.deadline(deadlines) <= now { expire(connection) }
  }

  private func beginStopping() {
    stoppedAt = now
    closeListener()
    for case let connection? in connections { retire(connection) }
  }

  /// Whether the thread may end: the server was told to stop, and no connection or task of one is left.
  private func isFinished() -> Bool {
    guard let stoppedAt else { return false }
    if now - stoppedAt >= deadlines.drain { for case let connection? in connections { abandon(connection) } }
    let isEmpty = connectionCount == 0
    if !hasToldDrained, isEmpty || now - stoppedAt >= deadlines.drain {
      hasToldDrained = true
      whenDrained()
    }
    guard isEmpty, jobs.isEmpty else { return false }
    return inbox.withLock { inbox in
      guard inbox.jobs.isEmpty, inbox.accepted.isEmpty, inbox.finished.isEmpty else { return false }
      inbox.hasEnded = true
      return true
    }
  }

  /// For the server, when the reactor's thread never ran; else for that thread.
  func closeListener() { listener?.close() }

  // MARK: slots

  func connection(_ token: UInt64) -> Connection? {
    let slot = Int(token & 0xFFFF_FFFF)
    guard slot < connections.count, let connection = connections[slot], connection.token == token else { return nil }
    return connection
  }

  private func open(_ accepted: Accepted) {
    guard stoppedAt == nil, let stream = Stream(descriptor: accepted.descriptor, context: accepted.context) else {
      if stoppedAt != nil { ct_close(accepted.descriptor) }
      return turnAway(accepted)
    }
    let slot = freeSlots.popLast() ?? connections.count
    if slot == connections.count { connections.append(nil) }
    generation &+= 1
    let token = UInt64(generation) << 32 | UInt64(slot)
    let connection = Connection(accepted, stream: stream, token: token, limits: rules.limits, now: now)
    guard poller.add(stream.descriptor, connection.interest, token: token) else {
      freeSlots.append(slot)
      return turnAway(accepted)
    }
    connections[slot] = connection
    if accepted.context == nil { connection.phase = .reading }
  }

  private func turnAway(_ accepted: Accepted) {
    if accepted.context != nil { admission.endHandshake() }
    admission.leave(accepted.peer)
    held.subtract(1, ordering: .relaxed)
  }

  /// Forgets the connection; its descriptor closes with the last reference.
  func release(_ connection: Connection) {
    let slot = Int(connection.token & 0xFFFF_FFFF)
    connections[slot] = nil
    freeSlots.append(slot)
    admission.leave(connection.peer)
    held.subtract(1, ordering: .relaxed)
  }

  func readLater(_ connection: Connection) { unread.append(connection.token) }
}
