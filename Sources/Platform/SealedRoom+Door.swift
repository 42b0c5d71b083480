import CPlatform

/// A room in the form the door wants it.
///
/// `@safe`: the texts are owned by this value and outlive every use of the pointers to them.
@safe final class RoomRequest {
  private let sources: CStrings
  private let targets: CStrings
  private let options: CStrings
  private let places: UnsafeMutableBufferPointer<cplatform_place>
  private let room: SealedRoom

  init(_ room: SealedRoom) {
    self.room = room
    sources = CStrings(room.places.map(\.source))
    targets = CStrings(room.places.map { String($0.target.drop { $0 == "/" }) })
    options = CStrings(room.places.map { $0.kind == .memory ? $0.options + room.owner : $0.options })
    unsafe places = .allocate(capacity: room.places.count)
    for (index, place) in room.places.enumerated() {
      unsafe places.initializeElement(
        at: index,
        to: cplatform_place(
          kind: place.kind.rawValue, source: sources.pointers[index], target: targets.pointers[index],
          options: options.pointers[index]))
    }
  }

  deinit { unsafe places.deallocate() }

  /// - Parameter plan: nothing: only build the walls.
  /// - Throws: `.wall` when one cannot be built, `.system(.startProcess, …)` for whatever else failed.
  func start(_ plan: UnsafePointer<cplatform_spawn_plan>?) throws(PlatformError) -> Int32 {
    var request = unsafe cplatform_room(
      walls: room.walls.reduce(0) { $0 | $1.bit }, user: room.user, group: room.group,
      places: UnsafePointer(places.baseAddress), place_count: places.count, open_files: UInt64(room.openFiles),
      threads: UInt64(room.threads), locked_bytes: UInt64(room.lockedBytes))
    var wall: Int32 = 0
    let result = unsafe cplatform_spawn_in_room(plan, &request, &wall)
    guard result < 0, let wall = SealedRoom.Wall.allCases.first(where: { $0.bit == UInt32(bitPattern: wall) }) else {
      return try check(result, .startProcess)
    }
    throw .wall(wall, errno: -result)
  }
}

extension SealedRoom {
  /// Whose the memory file systems are, in tmpfs' own words.
  fileprivate var owner: String {
    let (user, group) = walls.contains(.user) ? (self.user, self.group) : (Self.ownUser, Self.ownGroup)
    return ",uid=\(user),gid=\(group)"
  }
}

extension SealedRoom.Wall {
  fileprivate var bit: UInt32 {
    switch self {
    case .user: UInt32(CPLATFORM_WALL_USER.rawValue)
    case .network: UInt32(CPLATFORM_WALL_NETWORK.rawValue)
    case .files: UInt32(CPLATFORM_WALL_FILES.rawValue)
    case .processes: UInt32(CPLATFORM_WALL_PROCESSES.rawValue)
    case .systemCalls: UInt32(CPLATFORM_WALL_CALLS.rawValue)
    }
  }
}
