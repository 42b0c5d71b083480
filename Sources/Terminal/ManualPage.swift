/// A program's page for `man`, made from the same table as the help. Spec: man(7).
struct ManualPage {
  let program: String
  let summary: String
  let commands: [Command]

  var text: String {
    var lines = [
      ".TH \(Self.escaped(program.uppercased())) 1", ".SH NAME",
      "\(Self.escaped(program)) \\- \(Self.escaped(summary))", ".SH SYNOPSIS",
      ".B \(Self.escaped(program))", ".I COMMAND", "[\\fIOPTIONS\\fR]", ".SH COMMANDS",
    ]
    for command in commands { lines += section(command) }
    lines += [".SH EXIT STATUS"]
    for (code, meaning) in Self.statuses { lines += [".TP", ".B \(code.rawValue)", meaning] }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let statuses: [(ExitCode, String)] = [
    (.ok, "All went well."), (.usage, "Wrong use, or an internal failure."),
    (.invalid, "Evidence or a signature is not valid."),
    (.unavailable, "Something needed is not there; trying again may help."), (.refused, "Refused by policy."),
    (.malformed, "The input is malformed."),
    (.integrity, "Weights, log or store do not have the bytes they should."), (.stale, "Expired or stale."),
  ]

  private func section(_ command: Command) -> [String] {
    let words = command.arguments.isEmpty ? "" : " " + command.arguments
    var lines = [".SS \"\(Self.escaped("\(program) \(command.name)\(words)"))\"", Self.sentence(command.summary)]
    for option in command.options {
      let value = option.value.map { " \\fI\(Self.escaped($0))\\fR" } ?? ""
      lines += [
        ".TP", "\\fB\(Self.escaped(option.name))\\fR\(value)\(option.repeats ? " ..." : "")",
        Self.sentence(option.help),
      ]
    }
    return lines + [".PP", "Example:", ".PP", ".RS 4", ".nf", Self.line(command.example), ".fi", ".RE"]
  }

  private static func sentence(_ text: String) -> String {
    line(text.prefix(1).uppercased() + text.dropFirst() + ".")
  }

  /// A line of text: one that starts with a dot or a quote would be a request.
  private static func line(_ text: String) -> String {
    let text = escaped(text)
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "\\": "\\e"
      case "-": "\\-"
      case "\"": "\\(dq"
      case "'": "\\(aq"
      default: String(character)
      }
    }.joined()
  }
}
