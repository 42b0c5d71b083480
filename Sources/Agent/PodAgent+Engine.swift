import Bytes
package import Platform
import Telemetry

extension PodAgent {
  /// That there is an engine to start, that it may be started so, and that its room can be built, before a key is asked for:
  /// a pod that cannot use a key causes no release.
  package func checkEngine(arguments: [String]) throws(AgentError) {
    do throws(AgentError) {
      let plan = try enginePlan(model: "", arguments: arguments)
      try checkCommand(plan)
      try checkRoom(configuration.engine.room.sealedRoom(model: "", socketFolder: nil))
      try takeSocketFolder()
    } catch {
      timeline.failed(.engine, error)
      throw error
    }
    let waived = configuration.engine.room.waivedNames
    let standing = EngineRoom.waivable.filter { !waived.contains($0) }
    timeline.passed(.room, [("walls", .strings(standing)), ("waived", .strings(waived))])
  }

  private func checkCommand(_ plan: ChildPlan) throws(AgentError) {
    let path = BootTimeline.printable(plan.path)
    guard plan.path.hasPrefix("/") else { throw .configuration("engine.command: \(path) is not an absolute path") }
    do throws(PlatformError) {
      try plan.checkProgram()
    } catch .system(.openDirectory, let number) {
      throw .configuration(
        "engine.directory: \(BootTimeline.printable(plan.directory ?? "")): \(SystemMessage.of(number))")
    } catch .system(_, let number) {
      throw .configuration("engine.command: \(path): \(SystemMessage.of(number))")
    } catch { throw .platform(error) }
    guard plan.room?.shows(plan.path) ?? true else {
      throw .configuration(
        "engine.command: \(path) is not in the engine's room; name its folder in engine.room.readable")
    }
  }

  private func takeSocketFolder() throws(AgentError) {
    guard let socket = configuration.engine.socket, socketFolder.withLock({ $0 == nil }) else { return }
    let room = configuration.engine.room
    do throws(PlatformError) {
      let folder = try SocketFolder(for: socket, user: room.engineUser, inMemory: !room.waived.contains(.files))
      socketFolder.withLock { $0 = folder }
    } catch .alreadyExists {
      throw .configuration("engine.socket: there is something else in its folder, or somebody listens there")
    } catch {
      throw .configuration("engine.socket: \(error)")
    }
  }

  private func checkRoom(_ room: SealedRoom?) throws(AgentError) {
    let missing: [SealedRoom.Wall]
    do throws(PlatformError) {
      missing = try room?.missingWalls() ?? []
    } catch {
      throw .platform(error)
    }
    guard missing.isEmpty else { throw .wallsMissing(missing) }
  }

  /// What the engine is started with.
  /// - Parameters:
  ///   - model: the directory that was published; empty while there is none.
  ///   - arguments: those after `--`, behind the configured ones.
  package func enginePlan(model: String, arguments: [String]) throws(AgentError) -> ChildPlan {
    let engine = configuration.engine
    if let sentence = engine.firstRefusal(arguments) { throw .configuration("argument \(sentence)") }
    let profiled = engine.profile?.arguments(file: engine.modelFile, socket: "{socket}") ?? []
    let base = configuration.basePath(in: model)
    let folder = engine.socket.map { "/" + $0.split(separator: "/").dropLast().joined(separator: "/") }
    return ChildPlan(
      path: engine.command,
      arguments: EngineArguments.filled(
        engine.launcher + profiled + adapterArguments(model) + engine.arguments + arguments, model: base,
        socket: engine.socket),
      environment: EngineEnvironment.make(
        own: environment, passed: engine.passEnvironment, given: engine.environment,
        hasOwnFiles: !engine.room.waived.contains(.files), profile: engine.profile),
      directory: engine.directory, room: engine.room.sealedRoom(model: model, socketFolder: folder))
  }

  private func adapterArguments(_ published: String) -> [String] {
    let adapters = configuration.adapters.map { adapter in
      let folder = configuration.adapterPath(adapter, in: published)
      return (name: adapter.name, path: adapter.file.map { "\(folder)/\($0)" } ?? folder)
    }
    return adapters.isEmpty ? [] : configuration.engine.profile?.arguments(adapters: adapters) ?? []
  }

  /// Lets the engine read the model, which is the agent's alone until then.
  package func shareModel(_ path: String) throws(AgentError) {
    let room = configuration.engine.room
    guard !room.waived.contains(.user) else { return }
    do throws(PlatformError) {
      try FileTree.open(path).share(with: room.group)
    } catch {
      throw .platform(error)
    }
  }
}
