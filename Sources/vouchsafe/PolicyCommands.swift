import Appraisal
import Bytes
import KBSProtocol
import Terminal

/// The verbs of `vouchsafe policy`.
let policyCommands: [Command] = [
  Command(
    "policy explain", arguments: "ID",
    "why a decision came out as it did: what let it pass; or field, got, wanted, nearest bundle",
    options: ClientSettings.options + [.output],
    example: "vouchsafe policy explain 41 --state /var/lib/vouchsafe",
    run: { try await PolicyVerbs.explain($0) }),
  Command(
    "policy check", arguments: "FILE",
    "check a bundle, a rule or a table of advisories, and say what it asks or leaves open",
    options: [.output],
    example: "vouchsafe policy check llama.json",
    run: { try PolicyVerbs.check($0) }),
  PolicyWhatIf.command,
]

enum PolicyVerbs {
  static func explain(_ arguments: Arguments) async throws -> ExitCode {
    let id = try arguments.one(of: "ID")
    guard !id.isEmpty, id.utf8.allSatisfy({ BrokerID.isCharacter($0) }) else {
      throw Failure(.usage, "\(id): not a decision's id (the pod got it as decision_id)")
    }
    let answer = try await BrokerConnection(arguments).get("/v1/decisions/\(id)")
    guard try arguments.output() == .text else {
      Console.json(answer)
      return .ok
    }
    Console.out(text(answer, id))
    return .ok
  }

  private static func text(_ answer: JSONValue, _ id: String) -> String {
    let logged = answer["logged"]?.boolValue == true ? "in the log" : "not in the log: nothing genuine was presented"
    var text = Console.printable("decision \(id): \(answer["result"]?.stringValue ?? "?"), \(logged)") + "\n"
    if let grounds = answer["grounds"], !grounds.isNull { text += Console.printable(Grounds.text(grounds)) }
    guard let shown = answer["explanation"], !shown.isNull else { return text }
    if let explanation = try? Explanation(parsing: shown) {
      text += explanation.text
    } else {
      text += RefusalText.text(shown)
    }
    return text
  }

  static func check(_ arguments: Arguments) throws -> ExitCode {
    let path = try arguments.one(of: "FILE")
    let bytes = try Console.readFile(path, limit: 8 * ReferenceStatement.bodyLimitBytes)
    let checked: CheckedDocument
    var parsed: JSONValue?
    do throws(ParseError) {
      let document = try StrictJSON.parse(bytes)
      parsed = document
      checked = try CheckedDocument(document)
    } catch { throw Failure(.malformed, "\(path): \(error)\(Misspelling.hint(error, in: parsed))") }
    if try arguments.output() == .json {
      Console.json(checked.json)
    } else {
      Console.line("\(checked.kind) \(checked.name) is well-formed")
      for line in checked.contents { Console.line(line) }
      for open in checked.openEnds { Console.line("leaves open: \(open)") }
    }
    return .ok
  }
}

/// The ids that a broker gives its decisions: a log index, or a word for one that is not logged.
enum BrokerID {
  static func isCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
