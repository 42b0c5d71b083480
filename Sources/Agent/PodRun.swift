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
      let run = EngineRun(agent, configuration.engine, arguments: engineArguments)
      let status = try await run.run(on: try supervisor(agent, configuration))
      agent.wipe()
      timeline.ended(status: status, outputBytes: run.outputBytes, hint: run.hint(for: status))
      return status
    } catch {
      agent.wipe()
      return error.exit.rawValue
    }
  }

  private func supervisor(_ agent: PodAgent, _ configuration: Configuration) throws(AgentError) -> Supervisor {
    do throws(PlatformError) {
      let supervisor = try Supervisor(grace: configuration.engine.grace) { signal in
        agent.wipe()
        timeline.failed(.end, .interrupted(signal: signal))
        _exit(128 + signal)
      }
      try supervisor.start()
      return supervisor
    } catch {
      timeline.failed(.engine, .platform(error))
      throw .platform(error)
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
