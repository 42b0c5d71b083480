import Bytes
import Fetch
import Glibc
import Platform
import Terminal

/// One life of a pod: reads the configuration, starts, supervises, wipes. Its last word goes to the termination log.
struct PodRun: Sendable {
  let configurationPath: String
  let engineArguments: [String]
  let timeline: BootTimeline

  init(configurationPath: String, engineArguments: [String]) {
    self.configurationPath = configurationPath
    self.engineArguments = engineArguments
    timeline = BootTimeline(now: { .now }, write: { line in Console.note(String(line.dropLast())) })
  }

  /// - Returns: the engine's status, 128 and the number of the signal that ended it, or the exit code of the failure.
  func run() async -> Int32 {
    let configuration: Configuration
    do throws(AgentError) {
      configuration = try Configuration.read(configurationPath)
      timeline.passed(.configuration)
    } catch {
      timeline.failed(.configuration, error)
      return error.exit.rawValue
    }
    let agent = Self.agent(configuration, timeline)
    do throws(AgentError) {
      let status = try await supervise(agent, configuration)
      agent.wipe()
      timeline.ended(status: status)
      leaveLastWord(configuration)
      return status
    } catch {
      agent.wipe()
      leaveLastWord(configuration)
      return error.exit.rawValue
    }
  }

  private func supervise(_ agent: PodAgent, _ configuration: Configuration) async throws(AgentError) -> Int32 {
    let supervisor: Supervisor
    do throws(PlatformError) {
      supervisor = try Supervisor(grace: configuration.engine.grace) { signal in
        agent.wipe()
        timeline.failed(.end, .interrupted(signal: signal))
        leaveLastWord(configuration)
        _exit(128 + signal)
      }
      try supervisor.start()
    } catch {
      timeline.failed(.engine, .platform(error))
      throw .platform(error)
    }
    let model = try await agent.openModel()
    do {
      let plan = try agent.enginePlan(model: model, arguments: engineArguments)
      timeline.passed(.engine)
      return try await supervisor.run(plan)
    } catch {
      let failure = error as? AgentError ?? (error as? PlatformError).map(AgentError.platform) ?? .keyNotForUs
      timeline.failed(.engine, failure)
      throw failure
    }
  }

  /// A missing or unwritable file is no reason to fail: the line is on standard error, too.
  private func leaveLastWord(_ configuration: Configuration) {
    guard let path = configuration.terminationLog else { return }
    try? SmallFile.overwrite(path, Array(timeline.lastLine.utf8))
  }

  static func agent(_ configuration: Configuration, _ timeline: BootTimeline) -> PodAgent {
    PodAgent(
      configuration, timeline: timeline, environment: ProcessEnvironment.all,
      broker: exchange(FetchOptions(caPEM: configuration.broker.caPEM)),
      guest: exchange(FetchOptions(allowPlainHTTP: true)))
  }

  static func exchange(_ options: FetchOptions) -> Exchange {
    let client = FetchClient(options)
    return { (request: FetchRequest) async throws(FetchError) -> FetchResponse in try await client.send(request) }
  }
}
