import Appraisal
import Bytes
import Replay
import Terminal
import Verification

/// What a supposition would have changed, entry by entry.
struct WhatIfTally {
  private struct Row {
    let index: UInt64
    let isRelease: Bool
    let supposition: Supposition
  }

  private var rows: [Row] = []
  private var decisions = 0
  private var releases = 0
  private var unknown = 0
  /// Why nothing can be told, with how often.
  private var reasons: [String: Int] = [:]

  /// - Parameter supposition: `nil` when the decision itself could not be made again.
  mutating func take(_ index: UInt64, _ decision: DecisionLeaf, _ supposition: Supposition?) {
    decisions += 1
    let isRelease = decision.release != nil
    if isRelease, supposition?.wasAllowed ?? decision.allows { releases += 1 }
    guard let supposition else { return unknown += 1 }
    if let refusal = supposition.unknown {
      unknown += 1
      reasons["\(refusal.code.rawValue)\(refusal.field.map { " (\($0))" } ?? "")", default: 0] += 1
    }
    if supposition.changes { rows.append(Row(index: index, isRelease: isRelease, supposition: supposition)) }
  }

  private var lost: Int { rows.count { $0.isRelease && !$0.supposition.isAllowed } }

  func show(_ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("decisions", .int(decisions)), ("releases", .int(releases)), ("releasesRefused", .int(lost)),
          ("unknown", .int(unknown)),
          ("unknownReasons", .object(reasons.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
          ("changed", .array(rows.map(Self.json))),
        ]))
    case .text:
      for row in rows { Console.out(Console.printable(Self.text(row))) }
      for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
        Console.line(Console.printable("\(count) cannot be told: \(reason)"))
      }
      Console.line("\(lost) of \(releases) releases would be refused")
      Console.line("\(rows.count) of \(decisions) decisions would come out otherwise, \(unknown) cannot be told")
    }
  }

  private static func json(_ row: Row) -> JSONValue {
    var object = JSONObject([
      ("index", .int(row.index)), ("for", row.isRelease ? "release" : "attestation"),
      ("at", .string(row.supposition.at.rfc3339Milliseconds)),
    ])
    switch row.supposition.outcome {
    case .judged(let explanation): object["explanation"] = explanation.json
    case .unproved(let refusal):
      object["refusal"] = .object([
        ("code", .string(refusal.code.rawValue)), ("field", refusal.field.map { .string($0) } ?? .null),
        ("got", refusal.got.map { .string($0) } ?? .null), ("wanted", refusal.wanted.map { .string($0) } ?? .null),
      ])
    }
    return .object(object)
  }

  private static func text(_ row: Row) -> String {
    let kind = row.isRelease ? "release" : "attestation"
    let head = "entry \(row.index) (\(kind)) would be \(row.supposition.isAllowed ? "allowed" : "refused"):\n"
    switch row.supposition.outcome {
    case .judged(let explanation): return head + explanation.text
    case .unproved(let refusal): return head + "  \(refusal)\n"
    }
  }
}
