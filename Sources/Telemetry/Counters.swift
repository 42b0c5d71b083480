import Glibc

/// Named numbers for a metrics page. Label values come from closed sets of our own code, never from a peer.
///
/// Guarded by a plain mutex of the C library: thread checkers understand it.
package final class Counters: Sendable {
  package struct Name: Hashable, Sendable {
    package let metric: String
    package let labels: [Label]

    package init(_ metric: StaticString, _ labels: Label...) {
      self.metric = "\(metric)"
      self.labels = labels
    }
  }

  package struct Label: Hashable, Sendable {
    let key: String
    let value: String

    /// - Parameter value: a code of our own (an enum's raw value), not text from outside.
    package init(_ key: StaticString, _ value: String) {
      self.key = "\(key)"
      self.value = value
    }
  }

  private let storage = Locked<[Name: Int64]>([:])
  private let help: [String: (kind: String, text: String)]

  /// - Parameter help: metric name → (`counter` or `gauge`, one sentence).
  package init(help: [String: (kind: String, text: String)]) { self.help = help }

  package func add(_ name: Name, _ amount: Int64 = 1) { storage.withLock { $0[name, default: 0] += amount } }
  package func set(_ name: Name, _ value: Int64) { storage.withLock { $0[name] = value } }
  package func value(_ name: Name) -> Int64 { storage.withLock { $0[name] ?? 0 } }

  /// Prometheus text format 0.0.4.
  package func exposition() -> String {
    let snapshot = storage.withLock { $0 }
    var text = ""
    for (metric, rows) in Dictionary(grouping: snapshot, by: \.key.metric).sorted(by: { $0.key < $1.key }) {
      if let about = help[metric] { text += "# HELP \(metric) \(about.text)\n# TYPE \(metric) \(about.kind)\n" }
      let lines = rows.map { name, value in "\(metric)\(Self.labels(name.labels)) \(value)\n" }
      text += lines.sorted().joined()
    }
    return text
  }

  private static func labels(_ labels: [Label]) -> String {
    labels.isEmpty ? "" : "{" + labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
  }
}
