import Bytes
import Collateral

/// What is being fetched, what could not be had a moment ago, and when to stop asking. The rules alone: a value that
/// says what to do.
struct ColdFetches: Sendable {
  /// Keys that are fetched at a time for requests that wait. More only buys a stranger work.
  static let flightLimit = 64
  /// Fetches in a row that brought no answer, after which the fetcher is left alone.
  static let failureLimit = 3
  static let pause = Duration.seconds(30)

  enum Breaker: String, Sendable { case closed, open, halfOpen }

  struct Failure: Sendable, Equatable {
    let until: Timestamp
    let code: MissingCollateral.Code
  }

  private var inFlight: [CollateralKey: Task<Void, Never>] = [:]
  private var failures = BoundedCache<CollateralKey, Failure>(capacity: 4096)
  private var failuresInARow = 0
  private var openUntil: Timestamp?
  private var isProbing = false

  /// What a request does about keys that are not at hand.
  struct Plan {
    /// To be fetched by a flight of their own.
    var start: [CollateralKey] = []
    /// Under way already.
    var join: [Task<Void, Never>] = []
  }

  /// Keys that failed a moment ago, and keys beyond what may be in flight, are in neither list: the request goes on
  /// without them.
  func plan(_ keys: [CollateralKey], at now: Timestamp) -> Plan {
    var plan = Plan()
    for key in keys {
      if let flight = inFlight[key] {
        plan.join.append(flight)
      } else if mayAsk(key, at: now), inFlight.count + plan.start.count < Self.flightLimit {
        plan.start.append(key)
      }
    }
    return plan
  }

  func mayAsk(_ key: CollateralKey, at now: Timestamp) -> Bool {
    guard breaker(at: now) == .closed || (breaker(at: now) == .halfOpen && !isProbing) else { return false }
    return failures.peek(key).map { $0.until <= now } ?? true
  }

  func breaker(at now: Timestamp) -> Breaker {
    guard let openUntil else { return .closed }
    return now < openUntil ? .open : .halfOpen
  }

  mutating func begin(_ keys: [CollateralKey], _ task: Task<Void, Never>) {
    if openUntil != nil { isProbing = true }
    for key in keys { inFlight[key] = task }
  }

  mutating func end(_ keys: [CollateralKey]) {
    for key in keys { inFlight[key] = nil }
    isProbing = false
  }

  /// The fetcher answered.
  mutating func noteAnswer() {
    failuresInARow = 0
    openUntil = nil
  }

  /// The fetcher brought nothing: not there, too late, or not in its form.
  mutating func noteSilence(about keys: [CollateralKey], at now: Timestamp) {
    failuresInARow += 1
    if failuresInARow >= Self.failureLimit { openUntil = now.adding(Self.pause) }
    for key in keys { failures.set(key, Failure(until: now.adding(.seconds(5)), code: .unavailable)) }
  }

  /// The vendor has none, or what came was not it.
  mutating func note(_ missing: MissingCollateral, at now: Timestamp) {
    let pause: UInt32 =
      switch missing.code {
      case .notFound: 600
      case .refused: 300
      case .unavailable, .rateLimited, .circuitOpen, .negativeCached: 30
      }
    let seconds = min(3600, max(1, missing.retryAfterSeconds ?? pause))
    failures.set(missing.key, Failure(until: now.adding(.seconds(Int64(seconds))), code: missing.code))
  }

  mutating func forget(_ key: CollateralKey) { failures.remove(key) }

  /// Keys that are not asked for just now, by why.
  func failing(at now: Timestamp) -> [MissingCollateral.Code: Int] {
    Dictionary(grouping: failures.values.filter { $0.until > now }, by: \.code).mapValues(\.count)
  }
}
