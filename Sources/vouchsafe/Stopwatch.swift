import Glibc

/// Measures rates by the processor time of this thread, so that what else the machine does counts little.
enum Stopwatch {
  /// Windows of measurement for each action; what is told is the median of them.
  private static let windows = 7

  /// How often each action can be done in a second of processor time, the actions taken in turn so that whatever drifts
  /// drifts for all; `nil` as soon as one says that it failed.
  ///
  /// - Parameter seconds: for all windows of all actions together.
  static func rates(seconds: Int, _ actions: [() -> Bool]) -> [Int]? {
    let window = Double(seconds) / Double(windows * actions.count)
    for action in actions where !action() { return nil }
    var rates = [[Double]](repeating: [], count: actions.count)
    for _ in 0..<windows {
      for (index, action) in actions.enumerated() {
        guard let rate = rate(window, action) else { return nil }
        rates[index].append(rate)
      }
    }
    return rates.map { Int($0.sorted()[windows / 2].rounded()) }
  }

  private static func rate(_ window: Double, _ action: () -> Bool) -> Double? {
    let start = now()
    var (count, spent) = (0, 0.0)
    repeat {
      guard action() else { return nil }
      count += 1
      spent = now() - start
    } while spent < window
    return Double(count) / spent
  }

  private static func now() -> Double {
    var clock = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &clock)
    return Double(clock.tv_sec) + Double(clock.tv_nsec) / 1e9
  }
}
