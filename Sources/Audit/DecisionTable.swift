package import Bytes

/// Decisions of a log, counted by day, purpose, resource, bundle, technology, result and reason, with the entries that each
/// line stands for.
package struct DecisionTable: Equatable, Sendable {
  package struct Key: Hashable, Comparable, Sendable {
    /// `2026-01-31`, UTC.
    package let day: String
    /// `attestation` or `release`.
    package let purpose: String
    package let resource: String
    /// The bundles that the pod matched, joined by a space.
    package let bundle: String
    package let tee: String
    /// `allow` or `deny`.
    package let result: String
    /// The first reason of a refusal.
    package let reason: String
    package let isSimulated: Bool

    package var texts: [String] { [day, purpose, resource, bundle, tee, result, reason, isSimulated ? "yes" : "no"] }
    package static func < (left: Self, right: Self) -> Bool { left.texts.lexicographicallyPrecedes(right.texts) }
  }

  package struct Row: Equatable, Sendable {
    package var count: Int
    package var first: UInt64
    package var last: UInt64
  }

  package private(set) var rows: [Key: Row] = [:]
  /// Refusals that no hardware vouched for, by reason, as the log sums them up.
  package private(set) var unverified: [String: UInt64] = [:]

  package init() {}

  package mutating func add(_ entry: LogEntry) {
    if entry.type == "deny-summary" { return summarise(entry) }
    guard entry.isDecision else { return }
    let key = Key(
      day: String(entry.time.rfc3339.prefix(10)), purpose: entry.text("for") ?? "",
      resource: entry.text("resource") ?? "", bundle: entry.texts("bundles").joined(separator: " "),
      tee: entry.texts("tee").joined(separator: " "), result: entry.text("result") ?? "",
      reason: entry.texts("reasons").first ?? "", isSimulated: entry.isSimulated)
    rows[key, default: Row(count: 0, first: entry.index, last: entry.index)].count += 1
    rows[key]?.last = entry.index
  }

  private mutating func summarise(_ entry: LogEntry) {
    for (reason, row) in entry.leaf["reasons"]?.objectValue?.members ?? [] {
      let count: UInt64 = row["count"]?.integer() ?? 0
      let (sum, overflow) = unverified[reason, default: 0].addingReportingOverflow(count)
      unverified[reason] = overflow ? .max : sum
    }
  }

  package static let header = [
    "day", "for", "resource", "bundle", "tee", "result", "reason", "simulated", "count", "first", "last",
  ]

  package var lines: [[String]] {
    rows.sorted { $0.key < $1.key }.map { key, row in
      key.texts + [String(row.count), String(row.first), String(row.last)]
    }
  }

  package var json: JSONValue {
    .object([
      (
        "decisions",
        .array(
          rows.sorted { $0.key < $1.key }.map { key, row in
            .object([
              ("day", .string(key.day)), ("for", .string(key.purpose)), ("resource", .string(key.resource)),
              ("bundle", .string(key.bundle)), ("tee", .string(key.tee)), ("result", .string(key.result)),
              ("reason", .string(key.reason)), ("simulated", .bool(key.isSimulated)), ("count", .int(row.count)),
              ("first", .int(row.first)), ("last", .int(row.last)),
            ])
          })
      ),
      ("unverified", .object(unverified.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
    ])
  }

  /// RFC 4180, with a leading apostrophe where a spreadsheet would take a field for a formula.
  package var csv: String {
    ([Self.header] + lines).map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    let safe = "=+-@\t\r".contains(text.first ?? "x") ? "'" + text : text
    guard safe.contains(where: { ",\"\r\n".contains($0) }) else { return safe }
    return "\"" + safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
