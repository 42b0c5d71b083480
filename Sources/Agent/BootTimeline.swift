package import Bytes
import KBSProtocol
import Telemetry

/// What happened while the pod started: one JSON line a stage. The last line is also the container's last word.
///
/// A line holds codes and sentences of our own, numbers, and under `broker` what the broker said, cut short and with
/// control characters escaped; never a key, a token or a nonce.
package final class BootTimeline: Sendable {
  package enum Stage: String, Sendable {
    case configuration, room, manifest, destination, evidence, release, logProof, gpus, key, weights, engine, ready, end
  }

  private static let textLimit = 256

  private let started: Timestamp
  private let now: @Sendable () -> Timestamp
  private let write: @Sendable (String) -> Void
  private let last = Locked("")

  /// - Parameter write: takes one line with its newline.
  package init(now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void) {
    self.now = now
    self.write = write
    started = now()
  }

  /// A stage that was passed.
  package func passed(_ stage: Stage, _ details: [(String, JSONValue)] = []) {
    line(stage, reason: "ok", hint: "", details)
  }

  /// The stage at which the start ended.
  package func failed(_ stage: Stage, _ error: AgentError) {
    var details: [(String, JSONValue)] = []
    if case .refused(_, let status, let body) = error { details = [("broker", Self.broker(status, body))] }
    line(stage, reason: error.code, hint: error.hint, details)
  }

  /// The engine ended.
  /// - Parameters:
  ///   - outputBytes: what it said to nobody; `nil` when it was heard.
  ///   - hint: what to do about it.
  package func ended(status: Int32, outputBytes: Int?, hint: String = "") {
    let output = outputBytes.map { [("outputBytes", JSONValue.int($0))] } ?? []
    line(.end, reason: status == 0 ? "ok" : "engineEnded", hint: hint, [("status", .int(status))] + output)
  }

  /// The line written last, with its newline.
  package var lastLine: String { last.withLock { $0 } }

  private func line(_ stage: Stage, reason: String, hint: String, _ details: [(String, JSONValue)]) {
    let milliseconds = now().milliseconds - started.milliseconds
    let members: [(String, JSONValue)] = [
      ("stage", .string(stage.rawValue)), ("reason", .string(reason)), ("hint", .string(hint)),
      ("ms", .int(max(0, milliseconds))),
    ]
    let text = String(decoding: CanonicalJSON.encodeInOrder(.object(members + details)), as: UTF8.self) + "\n"
    last.withLock { $0 = text }
    write(text)
  }

  private static func broker(_ status: Int, _ body: ErrorBody?) -> JSONValue {
    var members: [(String, JSONValue)] = [("status", .int(status))]
    for (name, text) in [
      ("type", body?.type), ("detail", body?.detail), ("code", body?.code), ("decision", body?.decisionID),
    ] { if let text { members.append((name, .string(printable(text)))) } }
    return .object(members)
  }

  /// A peer's text for a person's terminal: short, and without anything that moves a cursor.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(textLimit) {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
