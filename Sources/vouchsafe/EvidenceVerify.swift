import Bytes
import Evidence
import Terminal
import Verification

/// `vouchsafe evidence verify`: every check of one piece of evidence, without any network.
enum EvidenceVerify {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let format = try arguments.output()
    let time = try EvidenceOptions.time(arguments)
    let anchors = try EvidenceOptions.anchors(arguments)
    let reportData = try EvidenceOptions.reportData(arguments)
    let skipping = try EvidenceOptions.skippedChecks(arguments)
    let bag = try CollateralBag(paths: arguments.values("--collateral"))
    let (tee, parsed) = try EvidenceOptions.parseEvidence(arguments)
    let inspection: Inspection? =
      if case .success(let evidence) = parsed {
        inspect(
          evidence, with: bag.endorsements, reportData: reportData, anchors: anchors, at: time, skipping: skipping)
      } else { nil }
    let refusal: Refusal? =
      if case .failure(let error) = parsed { Refusal(error) } else { inspection?.refusal }
    let result = EvidenceResult(tee: tee, time: time, inspection: inspection, refusal: refusal, ignored: bag.ignored)
    switch format {
    case .json: Console.json(result.json)
    case .text: Console.out(result.text)
    }
    return refusal?.code.kind.exit ?? .ok
  }
}

extension Refusal.Kind {
  var exit: ExitCode {
    switch self {
    case .malformed: .malformed
    case .invalid: .invalid
    case .missing: .unavailable
    case .stale: .stale
    case .unacceptable: .refused
    }
  }
}

/// The result as people and scripts read it.
struct EvidenceResult {
  let tee: TEE?
  let time: Timestamp
  /// `nil` when the file was no evidence.
  let inspection: Inspection?
  let refusal: Refusal?
  let ignored: [String]

  private var verdict: String { refusal == nil ? "verified" : "refused" }
  private var code: String { refusal?.code.rawValue ?? "verified" }

  var json: JSONValue {
    var object = JSONObject([
      ("verdict", .string(verdict)), ("code", .string(code)), ("tee", .string(tee?.rawValue ?? "unknown")),
      ("at", .string(time.rfc3339)), ("genuine", .bool(inspection?.claims != nil)),
      ("simulated", .bool(inspection?.simulated ?? false)),
      ("checks", .array(checks.map(\.json))), ("claims", inspection?.claims ?? [:]),
      ("skipped", .strings((inspection?.skipped ?? []).map(\.rawValue))), ("ignored", .strings(ignored)),
    ])
    if let refusal { object["detail"] = .string(refusal.description) }
    return .object(object)
  }

  private struct Row {
    let name: String
    let outcome: String
    let detail: String

    var json: JSONValue {
      ["name": .string(name), "result": .string(outcome), "detail": .string(detail)]
    }
  }

  private var checks: [Row] {
    guard let inspection else {
      return [Row(name: "format", outcome: "fail", detail: refusal?.description ?? "")]
    }
    let rows = inspection.checks.map { Row(name: $0.name.rawValue, outcome: $0.outcome.rawValue, detail: $0.detail) }
    return [Row(name: "format", outcome: "pass", detail: "well-formed")] + rows
  }

  var text: String {
    let simulated = inspection?.simulated == true ? " SIMULATED" : ""
    var lines = ["\(verdict)\(simulated): \(tee?.rawValue ?? "unknown") at \(time.rfc3339)"]
    if let refusal { lines.append("because: \(refusal)") }
    let width = (checks.map(\.name.count).max() ?? 0) + 2
    for row in checks {
      let gap = String(repeating: " ", count: width - row.name.count)
      lines.append("  \(row.name)\(gap)\(row.outcome)\(row.detail.isEmpty ? "" : ": " + row.detail)")
    }
    lines += ignored.map { "  ignored: \($0)" }
    return Console.printable(lines.joined(separator: "\n")) + "\n"
  }
}
