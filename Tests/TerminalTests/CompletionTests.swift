import Testing

@testable import Terminal

private let commands = [
  Command(
    "model seal", arguments: "SRC OUT", "seal a model, the owner's",
    options: [Option("--model", value: "NAME", "its name"), Option("--yes", "do not ask"), .output], example: "x seal"
  ) { _ in .ok },
  Command("model open", "open one", example: ".open") { _ in .ok },
  Command("doctor", "look", options: [.output], example: "x doctor") { _ in .ok },
  Command("doctor node", "look here", example: "x doctor node") { _ in .ok },
  Command("count some apples", "count", options: [.output], example: "x count some apples") { _ in .ok },
]

@Suite struct CompletionTests {
  private let completion = Completion(program: "x-y", commands: commands)

  @Test func bashKnowsVerbsOptionsAndChoices() {
    let script = completion.bash
    #expect(script.hasPrefix("_x_y() {\n"))
    #expect(script.contains(#"" model "*) words="seal open" ;;"#))
    #expect(script.contains(#"-o) words="text json" ;;"#))
    #expect(script.contains(#"--model) words="" ;;"#))
    #expect(script.contains(#"*) words="--model --yes -o" ;;"#))
    #expect(script.contains(#"*) words="-o node" ;;"#))
    #expect(script.hasSuffix("complete -o default -F _x_y x-y\n"))
    #expect(script.contains(#"" count "*) words="some" ;;"#))
    #expect(script.contains(#"" count some "*) words="apples" ;;"#))
    // A verb is looked for before the noun that it stands behind.
    let cases = script.split(separator: "\n").filter { $0.contains("\" doctor ") }
    #expect(cases.map { $0.prefix { $0 != ")" } } == ["    \" doctor node \"*", "    \" doctor \"*"])
  }

  @Test func zshReadsWhatBashDoes() { #expect(completion.zsh.hasSuffix(completion.bash)) }

  @Test func fishSaysEachNounOnce() {
    let lines = completion.fish.split(separator: "\n")
    #expect(lines.count { $0.contains("-a model") } == 1)
    #expect(
      lines.contains(
        "complete -c x-y -n '__fish_seen_subcommand_from model; and not __fish_seen_subcommand_from seal open' -f -a seal "
          + #"-d 'seal a model, the owner\'s'"#))
    #expect(
      lines.contains {
        $0.hasSuffix(
          "from model; and __fish_seen_subcommand_from seal' -s o -x -a 'text json' -d 'how to print the result'")
      })
    #expect(lines.contains { $0.hasSuffix("-l model -r -d 'its name'") })
    #expect(
      lines.contains {
        $0.contains("from count; and __fish_seen_subcommand_from some; and not") && $0.hasSuffix("-a apples -d 'count'")
      })
  }

  @Test func theManualSaysWhatTheHelpSays() {
    let page = ManualPage(program: "x-y", summary: "does things", commands: commands).text
    #expect(page.hasPrefix(".TH X\\-Y 1\n.SH NAME\nx\\-y \\- does things\n"))
    #expect(page.contains(".SS \"x\\-y model seal SRC OUT\"\nSeal a model, the owner\\(aqs.\n"))
    #expect(page.contains(".TP\n\\fB\\-\\-model\\fR \\fINAME\\fR\nIts name.\n"))
    // A line of text is never taken for a request.
    #expect(page.contains("\n\\&.open\n"))
  }

  @Test func completionIsACommandLikeAnother() async {
    let table = CommandTable(program: "x-y", summary: "s", commands: commands)
    #expect(await table.run(["completion", "tcsh"]) == ExitCode.usage.rawValue)
    #expect(await table.run(["completion"]) == ExitCode.usage.rawValue)
  }
}
