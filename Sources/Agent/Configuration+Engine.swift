import Platform

extension Configuration.Engine {
  init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    let profile = try reader.optionalString("profile")
    command = try reader.string("command")
    launcher = try reader.strings("launcher")
    arguments = try reader.strings("arguments")
    environment = try reader.texts("environment")
    passEnvironment = try reader.strings("passEnvironment")
    directory = try reader.optionalString("directory")
    grace = .seconds(try reader.integer("graceSeconds", in: 0...600, otherwise: 20))
    modelFile = try reader.optionalString("modelFile")
    socket = try reader.optionalString("socket")
    healthPath = try reader.optionalString("healthPath") ?? healthPath
    readyWithin = .seconds(try reader.integer("readySeconds", in: 1...86_400, otherwise: 600))
    room = try EngineRoom(reading: try reader.optionalSection("room"))
    try reader.finish()
    guard command.hasPrefix("/") else { throw .configuration("engine.command: an absolute path") }
    self.profile = try profile.map(Self.profile(named:))
    try checkProfile()
    try checkEnvironment()
    if let sentence = firstRefusal(arguments) { throw .configuration("engine.arguments: \(sentence)") }
    try checkSocket()
    guard (launcher + arguments + environment.values + [command, healthPath]).allSatisfy({ !$0.utf8.contains(0) })
    else {
      throw .configuration("engine: a text has a NUL")
    }
  }

  private static func profile(named name: String) throws(AgentError) -> EngineProfile {
    guard let profile = EngineProfile(rawValue: name) else {
      let known = EngineProfile.allCases.map(\.rawValue).joined(separator: ", ")
      throw .configuration("engine.profile: \(BootTimeline.printable(name)) is none of \(known)")
    }
    return profile
  }

  private func checkProfile() throws(AgentError) {
    guard let profile else {
      guard launcher.isEmpty, modelFile == nil else {
        throw .configuration("engine.launcher and engine.modelFile go with a profile")
      }
      return
    }
    guard socket != nil else { throw .configuration("engine.socket: missing; an engine of a profile listens there") }
    switch (profile, modelFile) {
    case (.llamaCpp, let file?) where EngineRoom.isPlain("/\(file)"): return
    case (.llamaCpp, _): throw .configuration("engine.modelFile: the model's GGUF file, by its path in the model")
    case (.vllm, nil): return
    case (.vllm, .some): throw .configuration("engine.modelFile: vllm loads the whole model; leave it out")
    }
  }

  private func checkEnvironment() throws(AgentError) {
    if let name = environment.keys.sorted().first(where: EngineEnvironment.isForbidden) {
      throw .configuration("engine.environment: \(BootTimeline.printable(name)) is never given to an engine")
    }
    if let name = profile?.environment.keys.sorted().first(where: { environment[$0] != nil }) {
      throw .configuration("engine.environment: \(name) is the profile's to set")
    }
    if let name = passEnvironment.first(where: EngineEnvironment.isForbiddenFromHost) {
      throw .configuration(
        "engine.passEnvironment: \(BootTimeline.printable(name)) never passes; where an engine needs it, give its value"
      )
    }
  }

  /// Why an engine does not get these arguments, if it does not.
  func firstRefusal(_ arguments: [String]) -> String? {
    if let argument = EngineArguments.firstRefused(in: arguments) {
      return "\(BootTimeline.printable(argument)) is refused: it lets a model run code"
    }
    guard let profile, let argument = profile.firstForeign(in: arguments) else { return nil }
    return "\(BootTimeline.printable(argument)) is refused: the profile \(profile.rawValue) does not permit it"
  }

  private func checkSocket() throws(AgentError) {
    guard let socket else { return }
    guard EngineRoom.isPlain(socket), socket.dropFirst().contains("/") else {
      throw .configuration("engine.socket: an absolute path in a folder of its own")
    }
    // What a socket's address has room for, with its end.
    guard socket.utf8.count < 108 else { throw .configuration("engine.socket: longer than 107 bytes") }
    guard healthPath.hasPrefix("/"), healthPath.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .configuration("engine.healthPath: a path such as /health")
    }
  }
}
