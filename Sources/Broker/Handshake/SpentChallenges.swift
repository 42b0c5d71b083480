import Bytes
import Telemetry

/// The challenges that had their one answer, remembered until they would have expired anyway.
///
/// Bounded: when it is full no further challenge is accepted (the caller answers "try again") instead of forgetting one.
final class SpentChallenges: Sendable {
  private struct State {
    var expiry: [[UInt8]: Timestamp] = [:]
    /// In order of expiry: all challenges live equally long.
    var order: [(id: [UInt8], expires: Timestamp)] = []
    var first = 0
  }

  enum Outcome: Equatable { case spent, alreadySpent, full }

  private let capacity: Int
  private let state = Locked(State())

  init(capacity: Int = 1 << 20) { self.capacity = capacity }

  /// Marks the challenge as answered. Whatever comes after, the same id is `alreadySpent` from now on.
  func spend(_ id: [UInt8], until expires: Timestamp, at now: Timestamp) -> Outcome {
    state.withLock { state in
      Self.forgetExpired(&state, at: now)
      if state.expiry[id] != nil { return .alreadySpent }
      guard state.expiry.count < capacity else { return .full }
      state.expiry[id] = expires
      state.order.append((id, expires))
      return .spent
    }
  }

  private static func forgetExpired(_ state: inout State, at now: Timestamp) {
    while state.first < state.order.count, state.order[state.first].expires <= now {
      state.expiry[state.order[state.first].id] = nil
      state.first += 1
    }
    if state.first > 4096, state.first * 2 > state.order.count {
      state.order.removeFirst(state.first)
      state.first = 0
    }
  }
}
