package enum OutputFormat: String, Sendable { case text, json }

/// The words after the verb, read by the verb's own option table: an unknown option is an error with the nearest name.
package struct Arguments: Sendable {
  package private(set) var positional: [String] = []
  /// Everything after `--`.
  package private(set) var rest: [String] = []
  private var values: [String: [String]] = [:]
  private var flags = Set<String>()
  private let command: Command

  package init(_ words: some Sequence<String>, for command: Command) throws(Failure) {
    self.command = command
    var queue = Array(words)[...]
    while let word = queue.popFirst() {
      if word == "--" {
        rest = Array(queue)
        return
      }
      guard word.hasPrefix("-"), word != "-" else {
        positional.append(word)
        continue
      }
      try take(word, from: &queue)
    }
  }

  private mutating func take(_ word: String, from queue: inout ArraySlice<String>) throws(Failure) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let option = command.options.first(where: { $0.name == parts[0] }) else {
      let near = Nearest.name(to: parts[0], among: command.options.map(\.name)).map { "; did you mean \($0)?" } ?? ""
      throw Failure(.usage, "\(command.name): unknown option \(parts[0])\(near)")
    }
    guard option.value != nil else {
      guard parts.count == 1 else { throw Failure(.usage, "\(command.name): \(option.name) takes no value") }
      flags.insert(option.name)
      return
    }
    guard let value = parts.count == 2 ? parts[1] : queue.popFirst() else {
      throw Failure(.usage, "\(command.name): \(option.name) needs a value")
    }
    guard option.repeats || values[option.name] == nil else {
      throw Failure(.usage, "\(command.name): \(option.name) is given twice")
    }
    values[option.name, default: []].append(value)
  }

  package func value(_ option: String) -> String? { values[option]?.first }
  package func values(_ option: String) -> [String] { values[option] ?? [] }
  package func flag(_ option: String) -> Bool { flags.contains(option) }

  package func required(_ option: String) throws(Failure) -> String {
    guard let value = value(option) else { throw Failure(.usage, "\(command.name): \(option) is required") }
    return value
  }

  /// The value as a whole number in `range`.
  package func integer(_ option: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
    guard let text = value(option) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw Failure(
        .usage, "\(command.name): \(option) takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Exactly `names.count` words beside the options.
  package func positional(_ names: String...) throws(Failure) -> [String] {
    guard positional.count == names.count else {
      let wanted = names.joined(separator: " ")
      throw Failure(
        .usage, "\(command.name): takes \(wanted.isEmpty ? "no arguments" : wanted), got \(positional.count)")
    }
    return positional
  }

  /// The one word beside the options.
  package func one(of what: String) throws(Failure) -> String { try positional(what)[0] }

  package func output() throws(Failure) -> OutputFormat {
    guard let text = value("-o") else { return .text }
    guard let format = OutputFormat(rawValue: text) else {
      throw Failure(.usage, "\(command.name): -o takes text or json")
    }
    return format
  }

  package var isQuiet: Bool { flag("--quiet") }
}
