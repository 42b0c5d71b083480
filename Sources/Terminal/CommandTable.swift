/// The verbs of one program: finds the one asked for, shows help, turns errors into one line and an exit status.
package struct CommandTable: Sendable {
  private let program: String
  private let summary: String
  private let commands: [Command]

  package init(program: String, summary: String, commands: [Command]) {
    self.program = program
    self.summary = summary
    self.commands = commands + [Self.completion(program, summary, commands)]
  }

  /// Runs the verb named by `words` (without the program's own name) and returns the exit status.
  package func run(_ words: [String]) async -> Int32 {
    do {
      return try await dispatch(words).rawValue
    } catch let failure as Failure {
      Console.note("\(program): \(failure.message)")
      return failure.exit.rawValue
    } catch {
      // Errors of our modules describe themselves by code and field, never by a peer's text.
      Console.note("\(program): \(error)")
      return ExitCode.usage.rawValue
    }
  }

  private func dispatch(_ words: [String]) async throws -> ExitCode {
    let options = words.prefix { $0 != "--" }
    let wantsHelp = options.contains { $0 == "--help" || $0 == "-h" } || words.first == "help"
    let named = words.first == "help" ? Array(words.dropFirst()) : words
    let selected = commands.filter { named.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    if let selected {
      guard !wantsHelp else {
        Console.out(selected.help(program: program))
        return .ok
      }
      return try await selected.run(Arguments(named.dropFirst(selected.path.count), for: selected))
    }
    let group = commands.filter { named.first.map($0.path[0].elementsEqual) ?? false }
    if wantsHelp || words.isEmpty || (!group.isEmpty && named.count == 1) {
      Console.out(overview(of: group.isEmpty ? commands : group))
      return words.isEmpty || !wantsHelp ? .usage : .ok
    }
    let typed = named.filter { !$0.hasPrefix("-") }.prefix(2).joined(separator: " ")
    guard typed.contains(where: { $0 != " " }) else {
      throw Failure(.usage, "which command? (see \(program) --help)")
    }
    let near = Nearest.name(to: typed, among: commands.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
    throw Failure(.usage, "unknown command \"\(typed)\"\(near) (see \(program) --help)")
  }

  private func overview(of shown: [Command]) -> String {
    let width = (shown.map(\.name.count).max() ?? 0) + 2
    let rows = shown.map { "  \($0.name)\(String(repeating: " ", count: width - $0.name.count))\($0.summary)" }
    return """
      \(program): \(summary)

      Commands:
      \(rows.joined(separator: "\n"))

      "\(program) COMMAND --help" shows a command's options and an example.
      Exit status: 0 ok, 1 usage or internal, 2 not valid, 3 unavailable, 4 refused, 5 malformed, 6 integrity, 7 stale.

      """
  }

  /// What shells and `man` read, made from the table itself.
  private static func completion(_ program: String, _ summary: String, _ commands: [Command]) -> Command {
    Command(
      "completion", arguments: "bash|zsh|fish|man",
      "print what completes this program's commands in a shell, or its manual",
      example: "\(program) completion bash > /etc/bash_completion.d/\(program)",
      run: { arguments in
        let kind = try arguments.one(of: "bash, zsh, fish or man")
        let completion = Completion(program: program, commands: commands)
        switch kind {
        case "bash": Console.out(completion.bash)
        case "zsh": Console.out(completion.zsh)
        case "fish": Console.out(completion.fish)
        case "man": Console.out(ManualPage(program: program, summary: summary, commands: commands).text)
        default: throw Failure(.usage, "completion: takes bash, zsh, fish or man, not \(kind)")
        }
        return .ok
      })
  }
}
