/// A command-line option. `value` is the placeholder shown in help; without one the option is a flag.
package struct Option: Sendable {
  package let name: String
  package let value: String?
  package let repeats: Bool
  package let help: String

  package init(_ name: String, value: String? = nil, repeats: Bool = false, _ help: String) {
    self.name = name
    self.value = value
    self.repeats = repeats
    self.help = help
  }

  package static let output = Option("-o", value: "text|json", "how to print the result")
  package static let quiet = Option("--quiet", "print nothing but the result")
}

/// One verb: what it takes, what it shows in help, and what it does. Help and completions are made from it.
package struct Command: Sendable {
  /// The words that select it, such as `evidence verify`.
  package let path: [String]
  package let arguments: String
  package let summary: String
  package let options: [Option]
  package let example: String
  package let run: @Sendable (Arguments) async throws -> ExitCode

  package init(
    _ path: String, arguments: String = "", _ summary: String, options: [Option] = [], example: String,
    run: @escaping @Sendable (Arguments) async throws -> ExitCode
  ) {
    self.path = path.split(separator: " ").map(String.init)
    self.arguments = arguments
    self.summary = summary
    self.options = options
    self.example = example
    self.run = run
  }

  package var name: String { path.joined(separator: " ") }

  func help(program: String) -> String {
    var lines = ["\(program) \(name)\(arguments.isEmpty ? "" : " " + arguments)\(options.isEmpty ? "" : " [OPTIONS]")"]
    lines += ["", "  \(summary)"]
    if !options.isEmpty {
      lines += ["", "Options:"]
      let names = options.map { $0.name + ($0.value.map { " " + $0 } ?? "") + ($0.repeats ? " ..." : "") }
      let width = min(34, (names.map(\.count).max() ?? 0) + 2)
      for (name, option) in zip(names, options) {
        let gap =
          name.count < width
          ? String(repeating: " ", count: width - name.count) : "\n  " + String(repeating: " ", count: width)
        lines.append("  \(name)\(gap)\(option.help)")
      }
    }
    lines += ["", "Example:", "  \(example)"]
    return lines.joined(separator: "\n") + "\n"
  }
}
