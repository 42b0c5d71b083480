import Testing

@testable import Terminal

private let seal = Command(
  "model seal", arguments: "SRC OUT", "seals",
  options: [
    Option("--model", value: "NAME", "name"), Option("--file", value: "F", repeats: true, "f"), Option("--yes", "y"),
  ],
  example: "x"
) { _ in .ok }

@Test func optionsAndWordsMayMix() throws {
  let arguments = try Arguments(["a", "--model", "m", "--yes", "b", "--file=1", "--file", "2"], for: seal)
  #expect(arguments.positional == ["a", "b"])
  #expect(arguments.value("--model") == "m")
  #expect(arguments.values("--file") == ["1", "2"])
  #expect(arguments.flag("--yes"))
}

@Test func whatFollowsTwoDashesIsKeptAsItIs() throws {
  let arguments = try Arguments(["a", "--", "--model", "-x"], for: seal)
  #expect(arguments.rest == ["--model", "-x"])
}

@Test func aMistypedOptionNamesTheNearestOne() {
  #expect(throws: Failure(.usage, "model seal: unknown option --modle; did you mean --model?")) {
    try Arguments(["--modle", "x"], for: seal)
  }
}

@Test func anOptionGivenTwiceIsRefused() {
  #expect(throws: Failure(.usage, "model seal: --model is given twice")) {
    try Arguments(["--model", "x", "--model", "y"], for: seal)
  }
}

@Test func anOptionWithoutItsValueIsRefused() {
  #expect(throws: Failure(.usage, "model seal: --model needs a value")) { try Arguments(["--model"], for: seal) }
  #expect(throws: Failure(.usage, "model seal: --yes takes no value")) { try Arguments(["--yes=1"], for: seal) }
}

@Test func anUnknownCommandNamesTheNearestOneAndEndsWithUsage() async {
  let table = CommandTable(program: "vouchsafe", summary: "s", commands: [seal])
  #expect(await table.run(["model", "sael"]) == ExitCode.usage.rawValue)
}

@Test func aFailureBecomesItsExitStatus() async {
  let failing = Command("fail", "f", example: "x") { _ in throw Failure(.stale, "too old") }
  let table = CommandTable(program: "vouchsafe", summary: "s", commands: [failing])
  #expect(await table.run(["fail"]) == 7)
}

@Test func controlCharactersAreEscapedForTerminals() {
  #expect(Console.printable("a\u{1B}[31m\u{202E}\u{9B}b") == "a\\u{1b}[31m\\u{202e}\\u{9b}b")
}
