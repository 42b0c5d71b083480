import Bytes
import Fetch
import Glibc
import Platform
import Terminal

/// One life of a pod: reads the configuration, starts, supervises, wipes. Every line it says goes to the termination log.
struct PodRun: Sendable {
  let configurationPath: String
  let engineArguments: [String]
  let timeline: BootTimeline
  private let lastWords: TerminationLog

  init(configurationPath: String, engineArguments: [String]) {
    self.configurationPath = configurationPath
    self.engineArguments = engineArguments
    let lastWords = TerminationLog()
    self.lastWords = lastWords
    timeline = BootTimeline(now: { .now }) { line in
      Console.note(String(line.dropLast()))
      lastWords.add(line)
    }
  }

  /// - Returns: the engine's status, 128 and the number of the signal that ended it, or the exit code of the failure.
  func run() async -> Int32 {
    let configuration: Configuration
    do throws(AgentError) {
      configuration = try Configuration.read(configurationPath, lastWords: lastWords.move)
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
      return status
    } catch {
      agent.wipe()
      return error.exit.rawValue
    }
  }

  private func supervise(_ agent: PodAgent, _ configuration: Configuration) async throws(AgentError) -> Int32 {
    let supervisor: Supervisor
    do throws(PlatformError) {
      supervisor = try Supervisor(grace: configuration.engine.grace) { signal in
        agent.wipe()
        timeline.failed(.end, .interrupted(signal: signal))
        _exit(128 + signal)
      }
      try supervisor.start()
    } catch {
      timeline.failed(.engine, .platform(error))
      throw .platform(error)
    }
    try agent.checkEngine(arguments: engineArguments)
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
