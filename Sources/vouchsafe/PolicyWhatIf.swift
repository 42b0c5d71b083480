import Appraisal
import Bytes
import Replay
import Terminal
import TransparencyLog

/// `vouchsafe policy what-if`: the decisions of a log as they would have come out with another bundle in force.
enum PolicyWhatIf {
  static let command = Command(
    "policy what-if", "which logged decisions another bundle would have turned round, and why",
    options: [
      Option("--bundle", value: "FILE", "the bundle to suppose, in place of one of its name; notBefore is passed over"),
      AuditReplay.log, AuditReplay.evidence, AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca,
      AuditOptions.openings, .output,
    ],
    example: "vouchsafe policy what-if --bundle llama.json --log ./log --evidence ./evidence --vkey log.vkey",
    run: { try await run($0) })

  private struct Row {
    let index: UInt64
    let supposition: Supposition
  }

  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let (place, path) = (try arguments.required("--log"), try arguments.required("--bundle"))
    let format = try arguments.output()
    let bundle = try bundle(path)
    let auditor = Auditor(key: try AuditOptions.key(arguments), policy: try AuditOptions.policy(arguments))
    var source = try AuditOptions.source(place, arguments)
    var blobs = try EvidenceFolder(try arguments.required("--evidence"))
    let openings = try AuditReveal.openings(arguments)
    var (rows, decisions, unknown): ([Row], Int, Int) = ([], 0, 0)
    do {
      var examiner = Examiner(openings: openings)
      _ = try await auditor.audit(&source) { entry, index in
        let found = try await examiner.examine(entry, at: index, &blobs)
        guard found.leaf.decision != nil else { return }
        decisions += 1
        let supposed = try Supposition(found) { values throws(ParseError) in try values.supposing(bundle) }
        guard let supposed else { return unknown += 1 }
        if supposed.changes { rows.append(Row(index: index, supposition: supposed)) }
      }
    } catch let error as ParseError {
      throw AuditReplay.unreadable(error, place)
    } catch { throw AuditOptions.failure(error, place) }
    show(rows, decisions, unknown, format)
    return .ok
  }

  private static func bundle(_ path: String) throws(Failure) -> ReferenceBundle {
    let bytes = try Console.readFile(path, limit: 8 * ReferenceStatement.bodyLimitBytes)
    do throws(ParseError) { return try ReferenceBundle(parsing: bytes) } catch {
      throw Failure(.malformed, "\(path): not a reference bundle: \(error)")
    }
  }

  private static func show(_ rows: [Row], _ decisions: Int, _ unknown: Int, _ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("decisions", .int(decisions)), ("unknown", .int(unknown)),
          (
            "changed",
            .array(
              rows.map { .object([("index", .int($0.index)), ("explanation", $0.supposition.explanation.json)]) })
          ),
        ]))
    case .text:
      for row in rows {
        Console.line("entry \(row.index) would be \(row.supposition.isAllowed ? "allowed" : "refused"):")
        Console.out(Console.printable(row.supposition.explanation.text))
      }
      Console.line("\(rows.count) of \(decisions) decisions would come out otherwise, \(unknown) cannot be told")
    }
  }
}
