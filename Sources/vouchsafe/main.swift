import Glibc
import Platform
import Terminal

// The tool holds signing keys and model keys: none may end in a crash report.
let words = Array(CommandLine.arguments.dropFirst())
do throws(PlatformError) {
  try ProcessHardening.apply()
  if CollateralServe.isNamed(by: words) { try Supervisor.blockSignals() }
} catch {
  Console.note("vouchsafe: cannot protect its memory (\(error.code))")
  exit(ExitCode.usage.rawValue)
}

let table = CommandTable(
  program: "vouchsafe", summary: "seals models, registers what may have their keys, checks evidence",
  commands: modelCommands + evidenceCommands + referenceCommands + referenceComputeCommands + keyCommands
    + policyCommands + collateralCommands + auditCommands + brokerCommands + backupCommands + doctorCommands
    + benchCommands
    + [BenchLog.command])
// A service waits for its signals elsewhere than at the top level.
if CollateralServe.isNamed(by: words) { MainThread.run { await table.run(words) } }
MainThread.end(await table.run(words))
