import Bytes
import Fetch
import Platform
package import Terminal

package let agentCommands: [Command] = [
  Command(
    "run", arguments: "[-- ENGINE ARGUMENTS]", "proves the pod, opens the model into memory, runs the engine",
    options: [Option("--config", value: "FILE", "the pod's configuration, JSON with comments")],
    example: "vouchsafe-agent run --config /etc/vouchsafe/agent.json -- --port 8000"
  ) { arguments in
    _ = try arguments.positional()
    let run = PodRun(configurationPath: try arguments.required("--config"), engineArguments: arguments.rest)
    // Not an exit code of ours: the engine's own status, which the container's owner knows how to read.
    MainThread.end(await run.run())
  },
  Command(
    "evidence", "collects the guest's evidence and prints it as KBS evidence JSON",
    options: [
      Option("--config", value: "FILE", "take the evidence source from here instead of looking for one"),
      Option("--runtime-data", value: "HEX", "the 48 bytes the evidence covers; zeros when absent"),
    ],
    example: "vouchsafe-agent evidence > evidence.json"
  ) { arguments in
    _ = try arguments.positional()
    return try await printEvidence(configuration: arguments.value("--config"), data: arguments.value("--runtime-data"))
  },
]

private func printEvidence(configuration path: String?, data: String?) async throws -> ExitCode {
  guard let digest = data.map({ try? Hex.decode($0, "runtime data") }) ?? [UInt8](repeating: 0, count: 48),
    digest.count == 48
  else { throw Failure(.usage, "evidence: --runtime-data takes 48 bytes in hexadecimal") }
  do throws(AgentError) {
    let wanted = try path.map { path throws(AgentError) in try Configuration.read(path).evidence } ?? .standard
    let source = try await EvidenceChooser(wanted, guest: PodRun.exchange(.init(allowPlainHTTP: true))).source()
    Console.json(try await source.primaryEvidence(digest))
    return .ok
  } catch {
    throw Failure(error.exit, "evidence: \(error.code): \(error.hint)")
  }
}
