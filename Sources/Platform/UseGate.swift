/// Lets many in until it is closed, and closes when the last is out: what they use may then go away.
package final class UseGate: Sendable {
  private struct State {
    var inside = 0
    var isClosed = false
  }

  private let state = Monitor(State())

  package init() {}

  /// Runs `body` inside; `nil` when the gate is closed.
  package func enter<Value>(_ body: () throws -> Value) rethrows -> Value? {
    guard passIn() else { return nil }
    defer { state.withLock { $0.inside -= 1 } }
    return try body()
  }

  /// Lets nobody in any more and waits until all are out.
  package func close() {
    state.withLock { $0.isClosed = true }
    state.wait(until: { $0.inside == 0 }, then: { _ in })
  }

  private func passIn() -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.inside += 1
      return true
    }
  }
}
