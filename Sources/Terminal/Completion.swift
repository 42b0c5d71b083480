/// Shell completion made from the same table as the help: verbs, options, and the words that an option's value is one of.
struct Completion {
  let program: String
  let commands: [Command]

  private static let shells = "bash zsh fish man"

  private var function: String { "_" + program.map { $0 == "-" ? "_" : String($0) }.joined() }

  /// The words of which the option takes one; `nil` for any other value.
  private func choices(_ option: Option) -> String? {
    guard let value = option.value, value.contains("|"), value == value.lowercased() else { return nil }
    return value.split(separator: "|").filter { $0.utf8.allSatisfy { $0 < 0x80 } }.joined(separator: " ")
  }

  /// The words that may follow these in a command's name, each once, in the table's order.
  private func words(after start: [String]) -> [String] {
    var seen = Set<String>()
    return commands.filter { $0.path.count > start.count && $0.path.starts(with: start) }.map { $0.path[start.count] }
      .filter { seen.insert($0).inserted }
  }

  /// All names of commands, and what such a name begins with: nouns, and verbs that stand before further ones.
  private var names: [[String]] {
    var seen = Set<[String]>()
    return commands.flatMap { command in (1...command.path.count).map { Array(command.path.prefix($0)) } }
      .filter { seen.insert($0).inserted }
  }

  // MARK: bash, and zsh by way of it

  var zsh: String { "autoload -U bashcompinit && bashcompinit\n" + bash }

  /// The longest names come first: a verb before its noun.
  var bash: String {
    let cases = names.sorted { $0.count > $1.count }.map(bashCase)
    let all = (words(after: []) + ["completion", "help"]).joined(separator: " ")
    return """
      \(function)() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words=""
        case " ${COMP_WORDS[*]:1:$((COMP_CWORD - 1))} " in
      \(cases.joined(separator: "\n"))
          " completion ") words="\(Self.shells)" ;;
          "  "|" help ") words="\(all)" ;;
        esac
        COMPREPLY=($(compgen -W "$words" -- "$current"))
      }
      complete -o default -F \(function) \(program)

      """
  }

  private func bashCase(_ name: [String]) -> String {
    let options = commands.first { $0.path == name }?.options ?? []
    let offered = "words=\"\((options.map(\.name) + words(after: name)).joined(separator: " "))\""
    let valued = options.filter { $0.value != nil }.map { option in
      "\(option.name)) words=\"\(choices(option) ?? "")\" ;;"
    }
    let body = (valued + ["*) \(offered) ;;"]).map { "        \($0)" }.joined(separator: "\n")
    let chosen = valued.isEmpty ? offered : "\n      case \"$previous\" in\n\(body)\n      esac"
    return "    \" \(name.joined(separator: " ")) \"*) \(chosen) ;;"
  }

  // MARK: fish

  var fish: String {
    var lines: [String] = []
    for start in [[]] + names {
      let next = words(after: start)
      let typed = start.map(Self.seen) + ["not \(Self.seen(next.joined(separator: " ")))"]
      let isNext = start.isEmpty ? "__fish_use_subcommand" : typed.joined(separator: "; and ")
      for word in next {
        let summary = commands.first { $0.path == start + [word] }?.summary
        lines.append(fishLine(isNext, "-a \(word)\(described(summary))"))
      }
    }
    for command in commands {
      let isTyped = command.path.map(Self.seen).joined(separator: "; and ")
      for option in command.options { lines.append(fishLine(isTyped, fishOption(option))) }
    }
    lines.append(fishLine("__fish_use_subcommand", "-a completion"))
    lines.append(fishLine(Self.seen("completion"), "-a '\(Self.shells)'"))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func seen(_ names: String) -> String { "__fish_seen_subcommand_from \(names)" }

  private func fishLine(_ condition: String, _ rest: String) -> String {
    "complete -c \(program) -n '\(condition)' \(rest.hasPrefix("-a") ? "-f " : "")\(rest)"
  }

  private func fishOption(_ option: Option) -> String {
    let name = option.name.hasPrefix("--") ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
    let value = choices(option).map { " -x -a '\($0)'" } ?? (option.value == nil ? "" : " -r")
    return name + value + described(option.help)
  }

  private func described(_ text: String?) -> String {
    text.map { " -d '\($0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'"))'" } ?? ""
  }
}
