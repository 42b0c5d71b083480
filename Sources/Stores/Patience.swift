import Fetch

/// How often a read is tried again, and how long to wait before. Only reads are: they change nothing.
struct Patience {
  private static let enough = 1 << 20
  private static let longestWait = Duration.seconds(8)
  private static let longestAdvice: Int64 = 60

  private let attempts: Int
  private let pause: @Sendable (Duration) -> Void
  private var failures = 0
  private var progress = 0

  init(_ access: StoreAccess) {
    attempts = access.attempts
    pause = access.pause
  }

  /// A transfer that brings something is not a failing one, however often it breaks.
  mutating func brought(_ bytes: Int) {
    progress += bytes
    guard progress >= Self.enough else { return }
    (failures, progress) = (0, 0)
  }

  /// Waits; throws `error` when there were enough failures.
  /// - Parameter advice: seconds, as the server asks.
  mutating func wait(after error: StoreError, advice: Int64? = nil) throws(StoreError) {
    failures += 1
    guard failures < attempts else { throw error }
    let doubled = min(Self.longestWait, .milliseconds(250) * (1 << min(failures - 1, 10)))
    // Many pods that were refused at once shall not come back at once.
    let jittered = doubled * Double.random(in: 0.5...1)
    pause(max(jittered, .seconds(min(max(0, advice ?? 0), Self.longestAdvice))))
  }
}

extension FetchResponse {
  /// Seconds; a date is not understood.
  var retryAfterSeconds: Int64? { header("retry-after").flatMap { Int64($0) } }

  static let passingStatuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504]
}
