import CPlatform
import Glibc

/// What the operating system asks of a service, as a stream.
///
/// `Supervisor.blockSignals` must have been called before the process had a second thread.
package final class SignalSource: Sendable {
  package enum Request: Sendable {
    /// SIGTERM, SIGINT, SIGQUIT.
    case stop
    /// SIGHUP.
    case reload
  }

  package let stream: AsyncStream<Request>

  package init() throws(PlatformError) {
    let signals = FileDescriptor(try check(cplatform_open_signals(), .readSignals))
    let (stream, continuation) = AsyncStream.makeStream(of: Request.self)
    self.stream = stream
    try OwnThread.start {
      while true {
        _ = cplatform_wait(signals.number, -1, -1, -1)
        while case let number = cplatform_next_signal(signals.number), number > 0 {
          if number == SIGHUP { continuation.yield(.reload) }
          if [SIGTERM, SIGINT, SIGQUIT].contains(number) { continuation.yield(.stop) }
        }
      }
    }
  }
}
