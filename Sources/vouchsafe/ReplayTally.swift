import Bytes
import Replay
import Terminal

/// What came of the decisions that were made again.
struct ReplayTally {
  private var same = 0
  private var different = 0
  private var expired = 0
  private var rows: [JSONValue] = []
  private var lines: [String] = []

  /// More findings than this are counted and not shown.
  private static let shownLimit = 1000

  var exit: ExitCode { different > 0 ? .integrity : expired > 0 ? .stale : .ok }

  mutating func take(_ index: UInt64, _ leaf: LogLeaf, _ outcome: Examination.Outcome) {
    let result = leaf.document["result"]?.stringValue ?? leaf.type
    switch outcome {
    case .follows: return
    case .same:
      same += 1
      note(index, result, "same", [], nil)
    case .different(let differences):
      different += 1
      note(
        index, result, "different", differences.map { "  \($0.text)" }, ("differences", .array(differences.map(\.json)))
      )
    case .evidenceExpired(let missing):
      expired += 1
      let line = "  the \(missing.what) \(Hex.encode(missing.digest)) is not there any more"
      note(index, result, "evidence_expired", [line], ("missing", missing.json))
    case .fault(let code, let sentence):
      different += 1
      note(index, result, code, ["  \(sentence)"], ("detail", .string(sentence)))
    }
  }

  private mutating func note(
    _ index: UInt64, _ result: String, _ verdict: String, _ more: [String], _ member: (String, JSONValue)?
  ) {
    guard rows.count < Self.shownLimit else { return }
    let members: [(String, JSONValue)] = [
      ("index", .int(index)), ("result", .string(result)), ("replay", .string(verdict)),
    ]
    rows.append(.object(members + (member.map { [$0] } ?? [])))
    lines += ["entry \(index) (\(result)): \(verdict)"] + more
  }

  var members: [(String, JSONValue)] {
    [
      ("same", .int(same)), ("different", .int(different)), ("evidenceExpired", .int(expired)),
      ("decisions", .array(rows)),
    ]
  }

  func show(_ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(.object(members))
    case .text:
      if !lines.isEmpty { Console.out(Console.printable(lines.joined(separator: "\n")) + "\n") }
      Console.line("\(same) the same, \(different) different, \(expired) expired")
    }
  }
}
