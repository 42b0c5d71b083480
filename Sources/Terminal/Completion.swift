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

  /// The verbs behind that noun.
  private func verbs(_ noun: String) -> [Command] { commands.filter { $0.path.count > 1 && $0.path[0] == noun } }

  /// Each once, in the table's order.
  private var nouns: [String] {
    var seen = Set<String>()
    return commands.map { $0.path[0] }.filter { seen.insert($0).inserted }
  }

  // MARK: bash, and zsh by way of it

  var zsh: String { "autoload -U bashcompinit && bashcompinit\n" + bash }

  /// The longest names come first: a verb before its noun.
  var bash: String {
    let named = commands.sorted { $0.path.count > $1.path.count }.map(bashCase)
    let groups = nouns.filter { noun in !commands.contains { $0.name == noun } }.map { noun in
      bashCase(noun, "words=\"\(verbs(noun).map { $0.path[1] }.joined(separator: " "))\"")
    }
    let all = (nouns + ["completion", "help"]).joined(separator: " ")
    return """
      \(function)() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words=""
        case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
      \((named + groups).joined(separator: "\n"))
          " completion ") words="\(Self.shells)" ;;
          "  "|" help ") words="\(all)" ;;
        esac
        COMPREPLY=($(compgen -W "$words" -- "$current"))
      }
      complete -o default -F \(function) \(program)

      """
  }

  private func bashCase(_ command: Command) -> String {
    let names = command.options.map(\.name) + (command.path.count == 1 ? verbs(command.name).map { $0.path[1] } : [])
    let valued = command.options.filter { $0.value != nil }.map { option in
      "\(option.name)) words=\"\(choices(option) ?? "")\" ;;"
    }
    guard !valued.isEmpty else { return bashCase(command.name, "words=\"\(names.joined(separator: " "))\"") }
    let body = (valued + ["*) words=\"\(names.joined(separator: " "))\" ;;"]).map { "        \($0)" }
    return bashCase(command.name, "\n      case \"$previous\" in\n\(body.joined(separator: "\n"))\n      esac")
  }

  private func bashCase(_ name: String, _ body: String) -> String { "    \" \(name) \"*) \(body) ;;" }

  // MARK: fish

  var fish: String {
    var lines: [String] = []
    for noun in nouns {
      let own = commands.first { $0.name == noun }?.summary
      lines.append(fishLine("__fish_use_subcommand", "-a \(noun)\(described(own))"))
      let verbs = verbs(noun)
      let names = verbs.map { $0.path[1] }.joined(separator: " ")
      for verb in verbs {
        let isNext = "\(Self.seen(noun)); and not \(Self.seen(names))"
        lines.append(fishLine(isNext, "-a \(verb.path[1])\(described(verb.summary))"))
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
