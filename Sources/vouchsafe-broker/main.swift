import Broker
import Glibc
import Platform
import Terminal

// A key broker that cannot keep its memory out of crash reports must not start.
do {
  try ProcessHardening.apply()
  try Supervisor.blockSignals()
} catch {
  Console.note("vouchsafe-broker: cannot protect its memory (\(error.code))")
  exit(ExitCode.usage.rawValue)
}

MainThread.run {
  let table = CommandTable(
    program: "vouchsafe-broker", summary: "releases model keys to pods that prove what they run",
    commands: brokerCommands)
  return await table.run(Array(CommandLine.arguments.dropFirst()))
}
