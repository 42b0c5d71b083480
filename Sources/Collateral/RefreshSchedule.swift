package import Bytes
import Verification

/// When an artefact is asked for again: at half of its own validity, so that a vendor may fail for as long as it was good.
package enum RefreshSchedule {
  /// A list can be issued before its time, when a key is lost: this is the longest that one is left unasked.
  package static let longestWait = Duration.seconds(7 * 86_400)
  /// Vendors' caches hand out artefacts past their half: these are not asked for at once again.
  static let shortestWait = Duration.seconds(600)
  private static let firstRetry = 60
  private static let lastRetry = 3600

  /// - Parameter jitter: from 0 to 1, drawn once for each artefact: spreads the moment over a tenth of the validity.
  package static func next(_ item: CollateralShelf.Item, jitter: Double) -> Timestamp {
    let wait = item.record.key.isLongLived ? nil : longestWait
    return next(
      from: item.proof.from, until: item.proof.until, fetchedAt: item.record.fetchedAt, longest: wait, jitter: jitter)
  }

  static func next(
    from: Timestamp, until: Timestamp, fetchedAt: Timestamp, longest: Duration?, jitter: Double
  ) -> Timestamp {
    let lifetime = max(0, until.milliseconds - from.milliseconds)
    let spread = (min(max(jitter, 0), 1) - 0.5) * 0.1
    let half = Timestamp(milliseconds: from.milliseconds + Int64(Double(lifetime) * (0.5 + spread)))
    let capped = longest.map { min(half, fetchedAt.adding($0)) } ?? half
    let shortest = fetchedAt.adding(shortestWait)
    guard capped < shortest else { return capped }
    // Past its half already: halfway to its end, but neither at once nor after the end.
    let rest = Timestamp(milliseconds: fetchedAt.milliseconds + max(0, until.milliseconds - fetchedAt.milliseconds) / 2)
    return max(shortest, longest.map { min(rest, fetchedAt.adding($0)) } ?? rest)
  }

  /// How long to leave an artefact that could not be had: doubling from a minute to an hour.
  ///
  /// - Parameter failures: in a row, this one counted.
  package static func retry(failures: Int, jitter: Double) -> Duration {
    let doublings = min(max(failures - 1, 0), 10)
    let seconds = min(firstRetry << doublings, lastRetry)
    return .milliseconds(Int64(Double(seconds) * 1000 * (0.75 + min(max(jitter, 0), 1) / 2)))
  }
}

extension CollateralKey {
  /// There are as many as devices, and most of those are not seen again.
  package var isOfOneCertificate: Bool { if case .nvidiaAnswer = self { true } else { false } }

  /// Certificates, which nobody issues anew before their time.
  var isLongLived: Bool {
    switch self {
    case .amdVCEK, .amdCertificateChain: true
    default: false
    }
  }
}
