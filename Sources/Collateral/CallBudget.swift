package import Bytes

/// How often a server may be asked: a bucket that fills again, and silence for as long as the server asks for.
package struct CallBudget: Sendable, Equatable {
  /// Calls at once, and the time after which one more is there.
  package struct Rate: Sendable, Equatable {
    package let burst: Int
    package let interval: Duration

    package init(burst: Int, interval: Duration) {
      self.burst = burst
      self.interval = interval
    }

    /// Intel's service, or a cache in the house.
    package static let intel = Rate(burst: 60, interval: .seconds(1))
    /// AMD's service answers 429 to eager clients, and its certificates last for years.
    package static let amd = Rate(burst: 20, interval: .seconds(6))
    /// NVIDIA's service; a manifest serves a whole fleet.
    package static let nvidia = Rate(burst: 20, interval: .seconds(3))
    /// Its responder: each device is a question of its own, every day.
    package static let responder = Rate(burst: 128, interval: .milliseconds(250))
  }

  /// Where a server that says 429 says no more.
  static let defaultPause = Duration.seconds(60)

  private let rate: Rate
  private var tokens: Int
  private var filledAt: Timestamp
  private var silentUntil: Timestamp?

  package init(_ rate: Rate, at now: Timestamp) {
    self.rate = rate
    tokens = rate.burst
    filledAt = now
  }

  /// Takes one call; when there is none, when there will be.
  package mutating func take(at now: Timestamp) -> Timestamp? {
    if let silentUntil, now < silentUntil { return silentUntil }
    fill(at: now)
    guard tokens > 0 else { return filledAt.adding(rate.interval) }
    tokens -= 1
    return nil
  }

  /// The server wants no more for a while.
  package mutating func limit(for delay: Duration?, at now: Timestamp) {
    let until = now.adding(delay ?? Self.defaultPause)
    silentUntil = max(until, silentUntil ?? until)
  }

  private mutating func fill(at now: Timestamp) {
    let interval = max(1, rate.interval.milliseconds)
    let earned = (now.milliseconds - filledAt.milliseconds) / interval
    // A clock that was set back fills nothing, and does not stop the bucket either.
    if now < filledAt { filledAt = now }
    guard earned > 0 else { return }
    tokens = Int(min(Int64(rate.burst), Int64(tokens) + min(earned, Int64(rate.burst))))
    filledAt = tokens == rate.burst ? now : filledAt.adding(.milliseconds(earned * interval))
  }
}
