package import Bytes

/// Leaves a server alone that keeps failing: after a few failures for a while, then one question at a time, and for twice
/// as long when that fails too.
package struct CircuitBreaker: Sendable, Equatable {
  package static let threshold = 3
  static let firstPause = 30
  static let lastPause = 900

  private enum State: Sendable, Equatable {
    case closed(failures: Int)
    case open(until: Timestamp, pause: Int)
    /// One question is on its way.
    case trying(pause: Int)
  }
  private var state = State.closed(failures: 0)

  package init() {}

  /// Whether a question may be sent; when not, until when not.
  package mutating func permits(at now: Timestamp) -> Timestamp? {
    switch state {
    case .closed: return nil
    case .open(let until, let pause):
      guard until <= now else { return until }
      state = .trying(pause: pause)
      return nil
    case .trying: return now.adding(.seconds(1))
    }
  }

  package mutating func succeeded() { state = .closed(failures: 0) }

  package mutating func failed(at now: Timestamp) {
    switch state {
    case .closed(let failures):
      let count = failures + 1
      state = count < Self.threshold ? .closed(failures: count) : Self.opened(Self.firstPause, at: now)
    case .trying(let pause): state = Self.opened(min(pause * 2, Self.lastPause), at: now)
    case .open: break
    }
  }

  private static func opened(_ pause: Int, at now: Timestamp) -> State {
    .open(until: now.adding(.seconds(Int64(pause))), pause: pause)
  }
}
