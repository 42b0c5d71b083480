import CPlatform
import Glibc
import Telemetry

/// What a child writes, kept in memory: the last part of it, for nobody but us.
///
/// Nothing of it reaches a log by itself: an engine's output may hold prompts, and a hostile engine could write the model
/// there, for whoever reads the logs.
package final class OutputRing: Sendable {
  package static let limitBytes = 1 << 18

  private struct State {
    var tail: [UInt8] = []
    var byteCount = 0
  }

  private let state = Locked(State())
  private let end: Locked<FileDescriptor?>

  /// Starts to listen.
  package init() throws(PlatformError) {
    var (reading, writing) = (Int32(-1), Int32(-1))
    try check(unsafe cplatform_open_pipe(&reading, &writing), .openFile)
    let source = FileDescriptor(reading)
    end = Locked(FileDescriptor(writing))
    try OwnThread.start { [weak self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 14)
      while true {
        let count = unsafe read(source.number, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0, let self else { return }
        self.append(buffer[..<count])
      }
    }
  }

  /// The descriptor to give a child for its output; nothing once `close` was called.
  package var writer: Int32? { end.withLock { $0?.number } }

  /// Lets go of our own end: the ring is complete when the last child has let go of its.
  package func close() { end.withLock { $0 = nil } }

  /// How much was ever written.
  package var byteCount: Int { state.withLock { $0.byteCount } }

  /// The last bytes, at most `limitBytes`.
  package var tail: [UInt8] { state.withLock { $0.tail.suffix(Self.limitBytes) } }

  private func append(_ bytes: ArraySlice<UInt8>) {
    state.withLock {
      $0.byteCount += bytes.count
      $0.tail += bytes
      guard $0.tail.count > 2 * Self.limitBytes else { return }
      $0.tail.removeFirst($0.tail.count - Self.limitBytes)
    }
  }
}
