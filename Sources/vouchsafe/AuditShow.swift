import Bytes
import KBSProtocol
import Terminal
import TransparencyLog

/// `vouchsafe audit show`: one entry, checked against the signed root.
enum AuditShow {
  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    let words = try arguments.positional("DIR|URL", "INDEX")
    guard let index = UInt64(words[1]), String(index) == words[1] else {
      throw Failure(.usage, "\(words[1]): INDEX is a number from 0 on")
    }
    let format = try arguments.output()
    let auditor = Auditor(key: try AuditOptions.key(arguments), policy: try AuditOptions.policy(arguments))
    var source = try AuditOptions.source(words[0], arguments)
    let entry: [UInt8]
    do { entry = try await auditor.entry(at: index, &source) } catch { throw AuditOptions.failure(error, words[0]) }
    guard let leaf = try? StrictJSON.parse(entry) else {
      show(entry, index, format)
      return .ok
    }
    show(CanonicalJSON.encode(try AuditReveal.openings(arguments)?.opening(leaf) ?? leaf), index, format)
    return .ok
  }

  /// An entry that is no JSON is shown as text for people and as base64 for programs.
  static func show(_ entry: [UInt8], _ index: UInt64, _ format: OutputFormat, _ more: [(String, JSONValue)] = []) {
    let leaf = try? StrictJSON.parse(entry)
    switch format {
    case .json:
      let body = leaf.map { ("leaf", $0) } ?? ("entry", .string(Base64.encode(entry)))
      Console.json(.object([("index", .int(index))] + more + [body]))
    case .text:
      let text = leaf.map { CanonicalJSON.pretty($0) } ?? String(decoding: entry, as: UTF8.self) + "\n"
      Console.out(Console.printable(text))
    }
  }
}
