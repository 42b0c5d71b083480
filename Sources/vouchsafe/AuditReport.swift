import Audit
import Bytes
import Terminal
import TransparencyLog

/// `vouchsafe audit report`: what was decided, and what the log shows of the controls that are asked for.
enum AuditReportCommand {
  static let command = Command(
    "audit report", arguments: "DIR|URL", "what was decided, and which controls the log proves, by entry",
    options: [
      AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca,
      Option("-o", value: "text|json|csv", "how to print the result; csv holds the decisions only"),
    ],
    example: "vouchsafe audit report ./log --vkey log.vkey -o csv > decisions.csv",
    run: { try await run($0) })

  private enum Format: String { case text, json, csv }

  private static func run(_ arguments: Arguments) async throws -> ExitCode {
    let place = try arguments.one(of: "DIR|URL")
    guard let format = Format(rawValue: arguments.value("-o") ?? "text") else {
      throw Failure(.usage, "audit report: -o takes text, json or csv")
    }
    var source = try AuditOptions.source(place, arguments)
    var log = FollowedLog(key: try AuditOptions.key(arguments))
    var gathered = Gathered()
    do {
      try await log.advance(policy: try AuditOptions.policy(arguments), &source) { gathered.add($1, at: $0) }
    } catch { throw AuditOptions.failure(error, place) }
    switch format {
    case .csv:
      let lines = gathered.table.csv.split(separator: "\r\n").map { Console.printable(String($0)) + "\r\n" }
      Console.out(lines.joined())
    case .json: Console.json(gathered.json(log))
    case .text: Console.out(Console.printable(gathered.text(log)))
    }
    return gathered.findings.contains { $0.rule.isViolation } ? .integrity : .ok
  }
}

/// What one reading of a log gives a report.
private struct Gathered {
  private static let shownFindings = 100

  var rules = RuleBook()
  var table = DecisionTable()
  var controls = ControlReport()
  var findings: [Finding] = []
  private var first: Timestamp?
  private var last: Timestamp?

  mutating func add(_ bytes: [UInt8], at index: UInt64) {
    // Simulated evidence is a line of the report, not a finding that hides the others.
    let found = rules.check(bytes, acceptingSimulated: true)
    findings += found
    guard let entry = try? LogEntry(parsing: bytes, at: index) else { return }
    table.add(entry)
    controls.add(entry, found)
    first = first ?? entry.time
    last = entry.time
  }

  func json(_ log: FollowedLog) -> JSONValue {
    .object([
      ("origin", .string(log.checkpoint?.checkpoint.origin ?? "")), ("size", .int(log.size)),
      ("root", .string(log.checkpoint?.root.base64 ?? "")),
      ("from", first.map { .string($0.rfc3339) } ?? .null), ("to", last.map { .string($0.rfc3339) } ?? .null),
      ("table", table.json), ("controls", .array(controls.controls.map(\.json))),
      ("findings", .array(findings.map(\.json))),
      ("notice", .string(Self.notice)),
    ])
  }

  /// The report says what a log shows, and not that anybody complies with anything.
  static let notice = "This maps entries of a log to controls. It is evidence for an assessment, not an assessment."

  func text(_ log: FollowedLog) -> String {
    var text = "\(log.checkpoint?.checkpoint.origin ?? ""): \(log.size) entries"
    if let first, let last { text += ", \(first.rfc3339) to \(last.rfc3339)" }
    text += "\nroot \(log.checkpoint?.root.base64 ?? "")\n\nDecisions\n"
    text += columns([DecisionTable.header] + table.lines)
    for (reason, count) in table.unverified.sorted(by: { $0.key < $1.key }) {
      text += "  \(count) refused before any hardware vouched for them: \(reason)\n"
    }
    text += "\nControls\n" + controls.controls.map { "  \($0.line)\n" }.joined()
    text += "\nFindings\n"
    if findings.isEmpty { text += "  none\n" }
    for finding in findings.prefix(Self.shownFindings) {
      let kind = finding.rule.isViolation ? "VIOLATION" : "note"
      text += "  \(kind) \(finding.rule.rawValue) at entry \(finding.index): \(finding.detail)\n"
    }
    if findings.count > Self.shownFindings { text += "  … and \(findings.count - Self.shownFindings) more\n" }
    return text + "\n\(Self.notice)\n"
  }

  private func columns(_ lines: [[String]]) -> String {
    let widths = (0..<DecisionTable.header.count).map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { line in
      let cells = zip(line, widths).map { cell, width in
        (cell.isEmpty ? "-" : cell) + String(repeating: " ", count: max(0, width - max(1, cell.count)))
      }
      var text = "  " + cells.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text + "\n"
    }.joined()
  }
}
