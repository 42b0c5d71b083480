import Agent
import Glibc
import Platform
import Terminal

// Before any thread: what is mounted later is seen by this process and its engine alone.
if CommandLine.arguments.dropFirst().first == "run" { OwnMemory.prepare() }
// A pod agent that cannot keep its memory out of crash reports must not hold a key.
do {
  try ProcessHardening.apply()
  try Supervisor.blockSignals()
} catch {
  Console.note("vouchsafe-agent: cannot protect its memory (\(error.code))")
  exit(ExitCode.usage.rawValue)
}

MainThread.run {
  let table = CommandTable(
    program: "vouchsafe-agent", summary: "proves this pod to the broker, opens its model into memory, runs the engine",
    commands: agentCommands)
  return await table.run(Array(CommandLine.arguments.dropFirst()))
}
