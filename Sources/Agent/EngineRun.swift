import Platform
import Telemetry

/// One life of an engine: its room, the model for it, its start, its readiness, its end.
final class EngineRun: Sendable {
  private let agent: PodAgent
  private let engine: Configuration.Engine
  private let arguments: [String]
  private let output = Locked<OutputRing?>(nil)
  private let isReady = Locked(false)
  private var timeline: BootTimeline { agent.timeline }

  init(_ agent: PodAgent, _ engine: Configuration.Engine, arguments: [String]) {
    self.agent = agent
    self.engine = engine
    self.arguments = arguments
  }

  /// What the engine said to nobody; `nil` when its output goes where ours does.
  var outputBytes: Int? { output.withLock { $0?.byteCount } }

  /// For an engine that ended with an error before it was ready.
  func hint(for status: Int32) -> String {
    guard status != 0, !isReady.withLock({ $0 }), outputBytes ?? 0 > 0 else { return "" }
    return "what the engine said stays in the pod; to see it, waive output in engine.room"
  }

  /// - Returns: the engine's status, or 128 and the number of the signal that ended it.
  func run(on supervisor: Supervisor) async throws(AgentError) -> Int32 {
    try agent.checkEngine(arguments: arguments)
    let model = try await agent.openModel()
    do {
      try agent.shareModel(model)
      var plan = try agent.enginePlan(model: model, arguments: arguments)
      try redirect(&plan)
      timeline.passed(.engine)
      let probe = engine.socket.map { EngineProbe(socket: $0, path: engine.healthPath) }
      let watch = Task { await self.watch(probe) }
      defer {
        probe?.stop()
        watch.cancel()
        output.withLock { $0 }?.close()
      }
      return try await supervisor.run(plan)
    } catch {
      let failure = error as? AgentError ?? (error as? PlatformError).map(AgentError.platform) ?? .keyNotForUs
      timeline.failed(.engine, failure)
      throw failure
    }
  }

  private func redirect(_ plan: inout ChildPlan) throws(PlatformError) {
    guard !engine.room.waivesOutput else { return }
    let ring = try OutputRing()
    output.withLock { $0 = ring }
    (plan.output, plan.error) = (ring.writer, ring.writer)
  }

  /// Says when the engine is ready, and ends it when it is not in time.
  private func watch(_ probe: EngineProbe?) async {
    guard let probe else { return }
    let time = engine.readyWithin
    let answered = (try? await OwnThread.run { probe.waitUntilReady(within: time) }) ?? false
    if answered {
      isReady.withLock { $0 = true }
      timeline.passed(.ready)
    } else if !probe.isStopped {
      timeline.failed(.ready, .engineNotReady)
      Supervisor.requestEnd()
    }
  }
}
