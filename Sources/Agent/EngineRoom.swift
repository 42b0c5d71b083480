package import Platform

/// What an engine is behind, as a pod is told: everything there is, but for what is waived by name.
package struct EngineRoom: Sendable {
  /// In a waiver: the engine's output goes where the agent's goes, and not to memory.
  static let output = "output"

  /// Walls that are not built.
  package var waived: Set<SealedRoom.Wall> = []
  package var waivesOutput = false
  /// Who the engine is; neither root nor the agent.
  package var user: UInt32 = 65_532
  package var group: UInt32 = 65_532
  /// Files and folders beside the system's own that the engine reads, such as the one that it is installed in.
  package var readable: [String] = []
  package var devices: [String] = []
  /// What `/tmp`, and again `/dev/shm`, hold at most.
  package var scratchBytes = 1 << 30

  package init() {}

  /// Every name a waiver can have.
  static let waivable = SealedRoom.Wall.allCases.map(\.rawValue) + [output]

  /// What is waived, by name.
  var waivedNames: [String] { waived.sorted().map(\.rawValue) + (waivesOutput ? [Self.output] : []) }

  private var hasOwnUser: Bool { !waived.contains(.user) }
  var engineUser: UInt32 { hasOwnUser ? user : SealedRoom.ownUser }
  var engineGroup: UInt32 { hasOwnUser ? group : SealedRoom.ownGroup }

  /// - Parameters:
  ///   - model: the folder of the opened model; empty while there is none.
  ///   - socketFolder: where the engine makes its socket.
  /// - Returns: nothing when every wall is waived.
  func sealedRoom(model: String, socketFolder: String?) -> SealedRoom? {
    let walls = Set(SealedRoom.Wall.allCases).subtracting(waived)
    guard !walls.isEmpty else { return nil }
    var places = SealedRoom.basicPlaces(
      user: engineUser, group: engineGroup, scratchBytes: scratchBytes, withProcesses: walls.contains(.processes),
      name: EngineEnvironment.userName)
    places += readable.map { .outside($0, .read) } + devices.map { .outside($0, .device) }
    if !model.isEmpty { places.append(.outside(model, .data)) }
    if let socketFolder { places.append(.outside(socketFolder, .write)) }
    return SealedRoom(walls: walls, user: engineUser, group: engineGroup, places: places)
  }
}

extension EngineRoom {
  init(reading section: ConfigurationReader?) throws(AgentError) {
    guard var reader = section else { return }
    try setWaivers(try reader.strings("waive"))
    user = UInt32(try reader.integer("user", in: 1...Int(Int32.max), otherwise: Int(user)))
    group = UInt32(try reader.integer("group", in: 1...Int(Int32.max), otherwise: Int(group)))
    readable = try reader.strings("readable")
    devices = try reader.strings("devices")
    scratchBytes = try reader.integer("scratchMiB", in: 1...1 << 20, otherwise: 1024) << 20
    try reader.finish()
    if let path = (readable + devices).first(where: { !Self.isPlain($0) }) {
      throw .configuration("engine.room: \(BootTimeline.printable(path)) is not an absolute path without . or ..")
    }
    if let path = readable.first(where: Self.isWholeMachine) {
      throw .configuration("engine.room.readable: \(path) would show the whole machine")
    }
    if let path = devices.first(where: { !$0.hasPrefix("/dev/") }) {
      throw .configuration("engine.room.devices: \(BootTimeline.printable(path)) is not in /dev")
    }
  }

  private mutating func setWaivers(_ names: [String]) throws(AgentError) {
    for name in names {
      guard Self.waivable.contains(name) else {
        let known = Self.waivable.joined(separator: ", ")
        throw .configuration("engine.room.waive: \(BootTimeline.printable(name)) is none of \(known)")
      }
      if let wall = SealedRoom.Wall(rawValue: name) { waived.insert(wall) } else { waivesOutput = true }
    }
  }

  static func isPlain(_ path: String) -> Bool {
    let names = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    return path.hasPrefix("/") && !path.utf8.contains(0) && names.allSatisfy { !["", ".", ".."].contains($0) }
  }

  private static func isWholeMachine(_ path: String) -> Bool {
    ["/proc", "/sys", "/dev", "/etc", "/root", "/home", "/run", "/var"].contains(path)
  }
}
