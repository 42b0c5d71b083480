import Glibc
import Platform
import Terminal

// The tool holds signing keys and model keys: none may end in a crash report.
do throws(PlatformError) {
  try ProcessHardening.apply()
} catch {
  Console.note("vouchsafe: cannot protect its memory (\(error.code))")
  exit(ExitCode.usage.rawValue)
}

let table = CommandTable(
  program: "vouchsafe", summary: "seals models, registers what may have their keys, checks evidence",
  commands: modelCommands + evidenceCommands + referenceCommands + keyCommands + policyCommands
    + auditCommands + brokerCommands + [BenchWeights.command])
exit(await table.run(Array(CommandLine.arguments.dropFirst())))
