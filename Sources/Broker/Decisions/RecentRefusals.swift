import Bytes
import Telemetry

/// The explanations of refusals that have no leaf, kept in memory for the operator: the newest ones only, gone after a
/// restart.
final class RecentRefusals: Sendable {
  private struct State {
    var byID: [String: JSONValue] = [:]
    var order: [String] = []
  }

  private let capacity: Int
  private let state = Locked(State())

  init(capacity: Int = 1024) { self.capacity = capacity }

  func insert(_ id: String, _ explanation: JSONValue) {
    state.withLock { state in
      state.byID[id] = explanation
      state.order.append(id)
      if state.order.count > capacity { state.byID[state.order.removeFirst()] = nil }
    }
  }

  func explanation(_ id: String) -> JSONValue? { state.withLock { $0.byID[id] } }
}
