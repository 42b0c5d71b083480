import Bytes
import Terminal

/// What `vouchsafe doctor` found, as one table.
struct Diagnosis {
  private(set) var parts: [ExaminedPart] = []
  /// What it comes to, for a person.
  var summary = ""

  mutating func add(_ part: ExaminedPart) { parts.append(part) }
  mutating func add(_ name: String, _ state: ExaminedPart.State, _ detail: String, exit: ExitCode = .ok) {
    add(ExaminedPart(name, state, detail, exit: exit))
  }

  /// That of the first fault.
  var exit: ExitCode { parts.first { $0.exit != .ok }?.exit ?? .ok }

  func show(_ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("healthy", .bool(exit == .ok)), ("parts", .array(parts.map(\.json))), ("summary", .string(summary)),
        ]))
    case .text:
      let width = (parts.map(\.name.count).max() ?? 0) + 2
      for part in parts {
        let gap = String(repeating: " ", count: width - part.name.count)
        let state = part.state.rawValue
        let rest = String(repeating: " ", count: 7 - state.count)
        Console.line(Console.printable("\(part.name)\(gap)\(state)\(rest)\(part.detail)"))
      }
      Console.line(Console.printable(summary))
    }
  }
}
