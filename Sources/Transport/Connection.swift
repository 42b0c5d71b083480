/// One connection as its reactor keeps it. Confined to the reactor's thread.
final class Connection {
  enum Phase: Equatable {
    case handshaking, reading, handling, writing, leaving, gone
  }

  enum AfterWriting { case nextRequest, body, farewell }

  let stream: Stream
  let token: UInt64
  let peer: PeerAddress
  let local: PeerAddress?
  private let certificateNames: ServerNames?
  var clientKey: [UInt8]?

  var phase = Phase.handshaking
  /// When the phase began; while reading, when its stage did.
  var since: UInt64
  /// When the first byte of the current request came.
  var requestSince: UInt64
  var interest: Poller.Interest = [.readable, .halfClosed]

  var reader: RequestReader
  /// Request bytes that the server's budget knows of.
  var held = 0
  var keepsAlive = true
  var task: Task<Void, Never>?
  /// The answer came too late or the server stops: whatever the task says is thrown away.
  var isAbandoned = false

  var output: [UInt8] = []
  var written = 0
  var lastProgress: UInt64 = 0
  var afterWriting = AfterWriting.nextRequest

  init(_ accepted: Accepted, stream: Stream, token: UInt64, limits: ServerLimits, now: UInt64) {
    self.stream = stream
    self.token = token
    peer = accepted.peer
    local = accepted.local
    certificateNames = accepted.context?.names
    since = now
    requestSince = now
    reader = RequestReader(limits: limits)
  }

  var facts: RequestReader.Connection {
    RequestReader.Connection(peer: peer, local: local, certificateNames: certificateNames, clientKey: clientKey)
  }

  /// When the connection is out of time, in milliseconds of the monotonic clock.
  func deadline(_ limits: Deadlines) -> UInt64 {
    switch phase {
    case .handshaking: since + limits.handshake
    case .reading: readingDeadline(limits)
    case .handling: requestSince + limits.request
    case .writing:
      min(lastProgress + limits.writeStall, since + limits.writeStall + limits.allowance(for: written))
    case .leaving: since + limits.farewell
    case .gone: .max
    }
  }

  private func readingDeadline(_ limits: Deadlines) -> UInt64 {
    switch reader.stage {
    case .idle: since + limits.idle
    case .head: min(requestSince + limits.head, requestSince + limits.request)
    case .body: min(since + limits.body + limits.allowance(for: reader.bodyBytes), requestSince + limits.request)
    }
  }
}

/// A descriptor on its way from the listener to a reactor, already counted by `Admission`.
struct Accepted: Sendable {
  let descriptor: Int32
  let peer: PeerAddress
  let local: PeerAddress?
  let context: TLSContext?
}

/// The times of `ServerLimits` in milliseconds.
struct Deadlines: Sendable {
  let handshake, head, body, idle, writeStall, request, drain, farewell: UInt64
  private let bytesPerSecond: UInt64

  init(_ limits: ServerLimits) {
    handshake = limits.handshake.milliseconds
    head = limits.head.milliseconds
    body = limits.body.milliseconds
    idle = limits.idle.milliseconds
    writeStall = limits.writeStall.milliseconds
    request = limits.request.milliseconds
    drain = limits.drain.milliseconds
    farewell = limits.farewell.milliseconds
    bytesPerSecond = UInt64(max(1, limits.bytesPerSecond))
  }

  /// How long that many bytes may take at the slowest permitted rate.
  func allowance(for bytes: Int) -> UInt64 { UInt64(bytes) * 1000 / bytesPerSecond }
}
