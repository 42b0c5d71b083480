/// The verbs of one program: finds the one asked for, shows help, turns errors into one line and an exit status.
package struct CommandTable: Sendable {
  private let program: String
  private let summary: String
  private let commands: [Command]

  package init(program: String, summary: String, commands: [Command]) {
    self.program = program
    self.summary = summary
    self.commands = commands
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
    if words.first == "completion" { return try completion(words.dropFirst().first) }
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

  private func completion(_ shell: String?) throws(Failure) -> ExitCode {
    guard let shell, let script = Completion.script(for: shell, program: program, commands: commands) else {
      throw Failure(.usage, "completion: takes bash, zsh or fish")
    }
    Console.out(script)
    return .ok
  }
}

/// Shell completion made from the same table as the help.
enum Completion {
  static func script(for shell: String, program: String, commands: [Command]) -> String? {
    let function = "_" + program.map { $0 == "-" ? "_" : String($0) }.joined()
    switch shell {
    case "bash": return bash(program, function, commands)
    case "zsh": return "autoload -U bashcompinit && bashcompinit\n" + bash(program, function, commands)
    case "fish": return fish(program, commands)
    default: return nil
    }
  }

  private static func bash(_ program: String, _ function: String, _ commands: [Command]) -> String {
    let cases = commands.map { command in
      "    \"\(command.name)\"*) words=\"\(command.options.map(\.name).joined(separator: " "))\" ;;"
    }
    let nouns = Set(commands.map { $0.path[0] }).sorted()
    let nounCases = nouns.map { noun in
      let verbs = commands.filter { $0.path[0] == noun && $0.path.count > 1 }.map { $0.path[1] }
      return "      \(noun)) words=\"\(verbs.joined(separator: " "))\" ;;"
    }
    return """
      \(function)() {
        local typed="${COMP_WORDS[*]:1}" words=""
        if [ "$COMP_CWORD" -eq 1 ]; then words="\(nouns.joined(separator: " "))"
        elif [ "$COMP_CWORD" -eq 2 ]; then
          case "${COMP_WORDS[1]}" in
      \(nounCases.joined(separator: "\n"))
          esac
        else
          case "$typed" in
      \(cases.joined(separator: "\n"))
          esac
        fi
        COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
        [ -n "$COMPREPLY" ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
      }
      complete -F \(function) \(program)

      """
  }

  private static func fish(_ program: String, _ commands: [Command]) -> String {
    commands.flatMap { command -> [String] in
      let seen = command.path.prefix(1).joined()
      var lines = ["complete -c \(program) -n __fish_use_subcommand -a \(command.path[0]) -f"]
      if command.path.count > 1 {
        lines.append(
          "complete -c \(program) -n '__fish_seen_subcommand_from \(seen)' -a \(command.path[1]) -d '\(quoted(command.summary))'"
        )
      }
      return lines
    }.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
  }
}
