import Synchronization
import Telemetry

/// Counts what the peers of one server hold, over all its reactors, and says no.
final class Admission: Sendable {
  private struct Counts: Sendable {
    var connections = 0
    var handshakes = 0
    var perPeer: [[UInt8]: Int] = [:]
    var accepted: UInt64 = 0
    var turnedAway: UInt64 = 0
  }

  private let limits: ServerLimits
  private let counts = Locked(Counts())
  private let buffered = Atomic<Int>(0)

  init(limits: ServerLimits) { self.limits = limits }

  /// Room for one more connection of this peer, which also is in its handshake if TLS is spoken.
  func enter(_ peer: PeerAddress, handshaking: Bool) -> Bool {
    let bucket = peer.bucket
    return counts.withLock { counts in
      let isFull =
        counts.connections >= limits.connections || counts.perPeer[bucket, default: 0] >= limits.connectionsPerPeer
        || (handshaking && counts.handshakes >= limits.handshakes)
      guard !isFull else {
        counts.turnedAway += 1
        return false
      }
      counts.accepted += 1
      counts.connections += 1
      counts.perPeer[bucket, default: 0] += 1
      if handshaking { counts.handshakes += 1 }
      return true
    }
  }

  func endHandshake() { counts.withLock { $0.handshakes -= 1 } }

  func leave(_ peer: PeerAddress) {
    let bucket = peer.bucket
    counts.withLock { counts in
      counts.connections -= 1
      let left = counts.perPeer[bucket, default: 1] - 1
      counts.perPeer[bucket] = left > 0 ? left : nil
    }
  }

  /// Accounts for request bytes held (or, negative, given back); false when there are too many.
  func hold(_ bytes: Int) -> Bool {
    let total = buffered.add(bytes, ordering: .relaxed).newValue
    return bytes <= 0 || total <= limits.bufferedBytes
  }

  var load: ServerLoad {
    let held = buffered.load(ordering: .relaxed)
    return counts.withLock { counts in
      ServerLoad(
        connections: counts.connections, handshakes: counts.handshakes, bufferedBytes: held,
        accepted: counts.accepted, turnedAway: counts.turnedAway)
    }
  }
}

/// What a server carries at one moment, for metrics.
package struct ServerLoad: Sendable, Equatable {
  package let connections: Int
  package let handshakes: Int
  /// Of unfinished and unanswered requests.
  package let bufferedBytes: Int
  /// Since the start.
  package let accepted: UInt64
  /// Closed at once because a limit was reached, since the start.
  package let turnedAway: UInt64
}
