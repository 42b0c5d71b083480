import Bytes
import Platform
import Telemetry

/// The container's last words: the lines of its start and end, in the file that its owner is shown when it has ended.
///
/// Written anew with each line, so that they are there also when nobody has the time for last words. Shape: JSON lines, at
/// most 4096 bytes, the oldest left out first. Spec: Kubernetes, container termination message.
final class TerminationLog: Sendable {
  static let limitBytes = 4096
  /// Where Kubernetes looks unless told otherwise; used without being asked only where it is there.
  static let standardPath = "/dev/termination-log"

  private struct State {
    var path: String?
    var lines: [String] = []
  }

  private let state: Locked<State>

  init() { state = Locked(State(path: SmallFile.exists(Self.standardPath) ? Self.standardPath : nil)) }

  /// Where the configuration wants them; what was said before is written there, too.
  func move(to path: String) {
    state.withLock {
      $0.path = path
      Self.write($0)
    }
  }

  /// - Parameter line: with its newline.
  func add(_ line: String) {
    state.withLock { state in
      state.lines.append(line)
      while state.lines.count > 1, state.lines.reduce(0, { $0 + $1.utf8.count }) > Self.limitBytes {
        state.lines.removeFirst()
      }
      Self.write(state)
    }
  }

  /// A missing or unwritable file is no reason to fail: the lines are on standard error, too.
  private static func write(_ state: State) {
    guard let path = state.path, !state.lines.isEmpty else { return }
    try? SmallFile.overwrite(path, Array(state.lines.joined().utf8.prefix(limitBytes)))
  }
}

extension Configuration {
  /// Where the last words go, from a configuration that may be of no use otherwise.
  static func terminationLog(in bytes: [UInt8]) -> String? {
    (try? StrictJSON.parse(bytes, comments: true))?["terminationLog"]?.stringValue
  }
}
