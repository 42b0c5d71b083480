/// What one server spends on its peers before it knows anything about them.
package struct ServerLimits: Sendable {
  // Sizes of a request's head, in bytes.
  /// Large enough for a Bearer token that carries the evidence of eight GPUs.
  package var headBytes = 256 * 1024
  package var targetBytes = 4096
  package var fieldCount = 64

  // Times.
  package var handshake = Duration.seconds(5)
  /// For the whole head, from its first byte.
  package var head = Duration.seconds(5)
  /// For the body, before `bytesPerSecond` must have been kept up.
  package var body = Duration.seconds(10)
  /// The slowest body or response that is put up with.
  package var bytesPerSecond = 64 * 1024
  /// Between two requests of one connection.
  package var idle = Duration.seconds(15)
  /// Without any progress of a response.
  package var writeStall = Duration.seconds(10)
  /// From the first byte of a request until its answer is known.
  package var request = Duration.seconds(25)
  /// For requests under way when the server is told to stop.
  package var drain = Duration.seconds(20)
  /// For a peer to end a connection that the server has ended.
  package var farewell = Duration.seconds(2)

  // Counts over the whole server.
  package var connections = 4096
  /// Of one IPv4 address or one IPv6 /64.
  package var connectionsPerPeer = 64
  package var handshakes = 256
  /// Unfinished and unanswered requests together, in bytes.
  package var bufferedBytes = 256 * 1024 * 1024
  /// Threads that serve connections; nil: the processors this process may use, at most 4.
  package var reactors: Int?

  package init() {}
}

extension Duration {
  /// Whole milliseconds, never negative.
  var milliseconds: UInt64 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    return UInt64(parts.seconds) * 1000 + UInt64(parts.attoseconds / 1_000_000_000_000_000)
  }
}
