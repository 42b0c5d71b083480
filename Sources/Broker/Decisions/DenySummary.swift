import Bytes
import Telemetry

/// Counts refusals that came before any hardware signature was verified. A stranger can cause them at will, so they are
/// counted and written once a minute as one leaf, not logged one by one.
final class DenySummary: Sendable {
  struct Row: Equatable, Sendable {
    var count: UInt64
    var first: Timestamp
    var last: Timestamp
  }

  private let rows = Locked<[String: Row]>([:])

  /// - Parameter code: from a closed set of ours.
  func count(_ code: String, at now: Timestamp) {
    rows.withLock { rows in
      var row = rows[code] ?? Row(count: 0, first: now, last: now)
      row.count += 1
      row.last = now
      rows[code] = row
    }
  }

  /// What was counted since the last call.
  func take() -> [String: Row] {
    rows.withLock { rows in
      defer { rows = [:] }
      return rows
    }
  }

  static func members(_ rows: [String: Row]) -> [(String, JSONValue)] {
    let reasons = rows.sorted { $0.key < $1.key }.map { code, row in
      (
        code,
        JSONValue.object([
          ("count", .int(row.count)), ("first", .string(row.first.rfc3339Milliseconds)),
          ("last", .string(row.last.rfc3339Milliseconds)),
        ])
      )
    }
    return [("reasons", .object(reasons))]
  }
}
