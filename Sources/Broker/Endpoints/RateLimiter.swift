import Bytes
import Telemetry

/// A token bucket for each peer address. Bounded: when too many addresses are known, those with a full bucket are
/// forgotten, which changes nothing for them.
final class RateLimiter: Sendable {
  private struct Bucket {
    var tokens: Double
    var refilled: Timestamp
  }

  private let perSecond: Double
  private let burst: Double
  private let maximumAddresses: Int
  private let buckets = Locked<[[UInt8]: Bucket]>([:])

  init(perSecond: Int, burst: Int, maximumAddresses: Int = 16_384) {
    self.perSecond = Double(perSecond)
    self.burst = Double(burst)
    self.maximumAddresses = maximumAddresses
  }

  /// Whether one more request of this address is within its rate.
  func admits(_ address: [UInt8], at now: Timestamp) -> Bool {
    buckets.withLock { buckets in
      var bucket = buckets[address] ?? Bucket(tokens: burst, refilled: now)
      let elapsed = Double(max(0, now.milliseconds - bucket.refilled.milliseconds)) / 1000
      bucket.tokens = min(burst, bucket.tokens + elapsed * perSecond)
      bucket.refilled = now
      let isAdmitted = bucket.tokens >= 1
      if isAdmitted { bucket.tokens -= 1 }
      if buckets[address] == nil, buckets.count >= maximumAddresses { makeRoom(in: &buckets, at: now) }
      if buckets.count < maximumAddresses || buckets[address] != nil { buckets[address] = bucket }
      return isAdmitted
    }
  }

  private func makeRoom(in buckets: inout [[UInt8]: Bucket], at now: Timestamp) {
    buckets = buckets.filter { _, bucket in
      let elapsed = Double(max(0, now.milliseconds - bucket.refilled.milliseconds)) / 1000
      return bucket.tokens + elapsed * perSecond < burst
    }
  }
}
