import Platform

extension PodAgent {
  /// That there is an engine to start and that it may be started so, before a key is asked for: a pod that cannot use a key
  /// causes no release.
  package func checkEngine(arguments: [String]) throws(AgentError) {
    do throws(AgentError) {
      let plan = try enginePlan(model: "", arguments: arguments)
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
    } catch {
      timeline.failed(.engine, error)
      throw error
    }
  }
}
