package import KBSProtocol

extension Configuration {
  /// A LoRA adapter: a sealed model of its own with a key of its own, that belongs to the base model and to no other.
  package struct Adapter: Sendable {
    /// What requests call it, and the name of its folder.
    package var name: String
    package var resource: ResourcePath
    package var model: Model
    /// The one file to load, for an engine that loads one.
    package var file: String?
  }

  /// Adapters beside one base model.
  package static let adapterLimit = 64

  static func adapters(_ sections: [ConfigurationReader]) throws(AgentError) -> [Adapter] {
    guard sections.count <= adapterLimit else { throw .configuration("adapters: at most \(adapterLimit)") }
    let adapters = try sections.map { section throws(AgentError) in try Adapter(reading: section) }
    guard Set(adapters.map(\.name)).count == adapters.count else {
      throw .configuration("adapters: a name comes twice")
    }
    return adapters
  }

  /// That the engine can be told of them, and only of what it can be told.
  func checkAdapters() throws(AgentError) {
    guard !adapters.isEmpty else { return }
    guard let profile = engine.profile else {
      throw .configuration("adapters: go with engine.profile, which makes their arguments")
    }
    for adapter in adapters {
      switch (profile, adapter.file) {
      case (.vllm, nil): continue
      case (.llamaCpp, let file?) where EngineRoom.isPlain("/\(file)") && !file.contains(","): continue
      case (.vllm, .some): throw .configuration("adapters.file: vllm loads the whole adapter; leave it out")
      case (.llamaCpp, _): throw .configuration("adapters.file: the adapter's GGUF file, by its path in the adapter")
      }
    }
    guard profile != .llamaCpp || !destination.tmpfs.contains(",") else {
      throw .configuration("destination.tmpfs: llama.cpp takes no adapter from a path with a comma")
    }
  }
}

extension Configuration.Adapter {
  fileprivate init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    name = try reader.string("as")
    let path = try reader.string("resource")
    file = try reader.optionalString("file")
    model = try Configuration.Model(reading: reader)
    resource = try Configuration.resource(path, "adapters.resource")
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameCharacter), !name.hasPrefix("."),
      !name.hasPrefix("-")
    else { throw .configuration("adapters.as: up to 64 letters, digits and . _ -") }
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "._-".utf8.contains(byte)
    }
  }
}
