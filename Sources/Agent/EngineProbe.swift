import Glibc
import Platform
import Telemetry

/// Asks an engine over its socket whether it is ready. An answer says nothing but that: the engine is believed nothing.
final class EngineProbe: Sendable {
  private static let lineLimitBytes = 1 << 12
  private static let answerTime = Duration.seconds(5)

  private let socket: String
  private let path: String
  private let isOver = Locked(false)

  init(socket: String, path: String) {
    self.socket = socket
    self.path = path
  }

  /// Makes `waitUntilReady` return.
  func stop() { isOver.withLock { $0 = true } }

  var isStopped: Bool { isOver.withLock { $0 } }

  /// Asks again and again, a tenth of a second apart. Blocks.
  /// - Returns: whether the engine answered that it is ready; false when the time is over or `stop` was called.
  func waitUntilReady(within time: Duration) -> Bool {
    let deadline = ContinuousClock.now + time
    while !isStopped, ContinuousClock.now < deadline {
      if isReady { return true }
      usleep(100_000)
    }
    return false
  }

  private var isReady: Bool {
    guard isSocket, let connection = try? UnixConnection.connect(path: socket) else { return false }
    let request = "GET \(path) HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n"
    guard (try? connection.write(Array(request.utf8), within: Self.answerTime)) != nil,
      let line = try? connection.readLine(limitBytes: Self.lineLimitBytes, within: Self.answerTime)
    else { return false }
    return line.starts(with: "HTTP/1.1 200 ".utf8) || line.starts(with: "HTTP/1.0 200 ".utf8)
  }

  /// The engine could put a link there to somebody else's socket.
  private var isSocket: Bool {
    var status = stat()
    return unsafe lstat(socket, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }
}
