import Platform
import Terminal

// Without a verb it serves, as the program it stands in for does.
let words = Array(CommandLine.arguments.dropFirst())
let servesAtOnce = words.isEmpty || (words[0].hasPrefix("-") && !["-h", "--help"].contains(words[0]))
let table = CommandTable(
  program: "simulated-tee", summary: "SIMULATED evidence for tests and demonstrations; it proves nothing",
  commands: simulatorCommands)
MainThread.end(await table.run(servesAtOnce ? ["serve"] + words : words))
