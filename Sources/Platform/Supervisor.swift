import CPlatform
import Glibc
import Telemetry

/// The one thread that starts the engine, forwards signals to it, and reaps whatever it leaves behind.
///
/// It lives as long as the process: the kernel ties the engine's life to the thread that started it.
package final class Supervisor: Sendable {
  private enum Phase {
    case idle
    case wanted(ChildPlan, CheckedContinuation<Int32, any Error>)
    case running(ChildProcess, CheckedContinuation<Int32, any Error>)
  }

  private let phase = Locked(Phase.idle)
  private let signals: FileDescriptor
  private let wakeup: FileDescriptor
  private let grace: Duration
  private let onInterrupt: @Sendable (Int32) -> Void

  /// Call before the process has a second thread; threads started later inherit it.
  package static func blockSignals() throws(PlatformError) {
    try check(cplatform_block_supervised_signals(), .readSignals)
  }

  /// - Parameters:
  ///   - grace: how long the engine may take to end before it is killed.
  ///   - onInterrupt: called with the number of a signal that asks us to end while nothing runs yet.
  package init(grace: Duration, onInterrupt: @escaping @Sendable (Int32) -> Void) throws(PlatformError) {
    self.grace = grace
    self.onInterrupt = onInterrupt
    signals = FileDescriptor(try check(cplatform_open_signals(), .readSignals))
    wakeup = FileDescriptor(try check(cplatform_open_wakeup(), .readSignals))
    try check(cplatform_become_subreaper(), .watchProcess)
  }

  /// Starts the thread.
  package func start() throws(PlatformError) { try OwnThread.start { self.loop() } }

  /// Asks this process to end as an operator would.
  package static func requestEnd() { kill(getpid(), SIGTERM) }

  /// Starts the engine and returns when it and everything it started has ended.
  /// - Returns: the engine's status, or 128 and the number of the signal that ended it.
  package func run(_ plan: ChildPlan) async throws -> Int32 {
    try await withCheckedThrowingContinuation { continuation in
      phase.withLock { $0 = .wanted(plan, continuation) }
      cplatform_wake(wakeup.number)
    }
  }

  private func loop() {
    var deadline: ContinuousClock.Instant?
    while true {
      let child = runningChild
      let wait = deadline.map(Self.milliseconds) ?? -1
      let ready = cplatform_wait(signals.number, wakeup.number, child?.watch.number ?? -1, wait)
      if ready & 2 != 0 {
        cplatform_drain_wakeup(wakeup.number)
        launch()
      }
      if ready & 1 != 0, forwardSignals(), deadline == nil { deadline = .now + grace }
      if let late = deadline, late <= .now {
        child?.signal(SIGKILL)
        deadline = .now + .seconds(1)
      }
      if reap() { deadline = nil }
    }
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    let left = (deadline - .now).components
    return Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1))
  }

  private var runningChild: ChildProcess? {
    phase.withLock { if case .running(let child, _) = $0 { child } else { nil } }
  }

  private func launch() {
    phase.withLock { phase in
      guard case .wanted(let plan, let continuation) = phase else { return }
      do throws(PlatformError) {
        phase = .running(try ChildProcess.start(plan), continuation)
      } catch {
        phase = .idle
        continuation.resume(throwing: error)
      }
    }
  }

  /// Whether one of the signals asks for the end.
  private func forwardSignals() -> Bool {
    var asksForEnd = false
    while case let number = cplatform_next_signal(signals.number), number > 0 {
      guard number != SIGCHLD else { continue }
      let ends = [SIGTERM, SIGINT, SIGQUIT, SIGHUP].contains(number)
      asksForEnd = asksForEnd || ends
      if let child = runningChild { child.signal(number) } else if ends { onInterrupt(number) }
    }
    return asksForEnd
  }

  /// Collects every ended child, the engine's orphans included. Whether the engine was among them.
  private func reap() -> Bool {
    var ended: Int32 = 0
    var status: Int32 = 0
    while unsafe cplatform_reap(-1, &ended, &status) == 1 {
      guard case .running(let child, let continuation) = phase.withLock({ $0 }), child.identifier == ended else {
        continue
      }
      phase.withLock { $0 = .idle }
      Remainder.end(of: child)
      continuation.resume(returning: status)
      return true
    }
    return false
  }
}
