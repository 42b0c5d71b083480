import Bytes
import Platform
import Terminal
import TransparencyLog

/// `vouchsafe audit verify`: the whole log, recomputed; or a pack of it, with every decision made again.
enum AuditVerify {
  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    let place = try arguments.one(of: "PACK|DIR|URL")
    let format = try arguments.output()
    let key = try AuditOptions.key(arguments)
    let known = try AuditOptions.known(arguments, key).map(\.checkpoint)
    if place == "-" || SmallFile.isRegular(place) {
      return try await AuditVerifyPack.run(place, key, known, arguments)
    }
    let auditor = Auditor(key: key, policy: try AuditOptions.policy(arguments), known: known)
    var source = try AuditOptions.source(place, arguments)
    let report: AuditReport
    do { report = try await auditor.audit(&source) } catch { throw AuditOptions.failure(error, place) }
    if let path = arguments.value("--save") {
      try Console.writeFile(path, report.checkpoint, mode: 0o644, replacing: true)
    }
    show(report, format)
    return .ok
  }

  private static func show(_ report: AuditReport, _ format: OutputFormat) {
    let counts = EntryCounts(report)
    switch format {
    case .json:
      let head: [(String, JSONValue)] = [
        ("verdict", "consistent"), ("origin", .string(report.origin)), ("size", .int(report.size)),
        ("root", .string(Base64.encode(report.root))), ("witnesses", .strings(report.witnesses)),
      ]
      let times: [(String, JSONValue)] = [
        ("firstTime", report.firstTime.map { .string($0.rfc3339Milliseconds) } ?? .null),
        ("lastTime", report.lastTime.map { .string($0.rfc3339Milliseconds) } ?? .null),
      ]
      Console.json(.object(JSONObject(head + counts.members + times)))
    case .text:
      let noun = report.size == 1 ? "entry" : "entries"
      Console.line(Console.printable("consistent: \(report.origin), \(report.size) \(noun)"))
      Console.line("root \(Base64.encode(report.root))")
      if !report.witnesses.isEmpty {
        Console.line(Console.printable("witnesses \(report.witnesses.joined(separator: " "))"))
      }
      if let first = report.firstTime, let last = report.lastTime {
        Console.line("from \(first.rfc3339) to \(last.rfc3339)")
      }
      for line in counts.lines { Console.line(Console.printable(line)) }
    }
  }
}
