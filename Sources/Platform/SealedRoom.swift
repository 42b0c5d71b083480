import Glibc

/// What separates a child from everything else in its machine.
///
/// Every child has no new privileges, no capability, no core, no descriptor of ours and limits; the walls come on top, each
/// one wanted or not. A wall that is wanted and cannot be built means that nothing is started.
package struct SealedRoom: Equatable, Sendable {
  package enum Wall: String, CaseIterable, Comparable, Sendable {
    /// A user and group of its own, other than ours.
    case user
    /// A network of its own: a loopback interface and nothing else.
    case network
    /// A view of the file system with the named places and nothing else.
    case files
    /// A list of processes, shared memory and message queues of its own. The room's end is then the end of all in it.
    case processes
    /// A filter that refuses the system calls that look into other processes, change the machine, or leave it.
    case systemCalls

    package static func < (one: Wall, other: Wall) -> Bool { one.position < other.position }
    private var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  /// Those to build.
  package var walls: Set<Wall>
  /// Who the child is when `user` is among the walls; else it is who we are.
  package var user: UInt32
  package var group: UInt32
  /// What it sees when `files` is among the walls; made in this order.
  package var places: [Place]
  /// Descriptors of a process; processes and threads of the user; bytes that a process may lock in memory.
  package var openFiles = 65_536
  package var threads = 16_384
  package var lockedBytes = 64 << 20

  package init(walls: Set<Wall> = Set(Wall.allCases), user: UInt32, group: UInt32, places: [Place] = []) {
    self.walls = walls
    self.user = user
    self.group = group
    self.places = places
  }

  /// The walls that this machine does not let us build, each tried without the others; `user`, when it is the one that
  /// stands in the others' way. Empty when all of them together can be built.
  package func missingWalls() throws(PlatformError) -> [Wall] {
    guard let first = try failure() else { return [] }
    var missing: [Wall] = []
    for wall in walls.sorted() where try only([wall]).failure() != nil { missing.append(wall) }
    if missing.isEmpty, try only(walls.subtracting([.user])).failure() == nil { return [.user] }
    return missing.isEmpty ? [first] : missing
  }

  private func only(_ walls: Set<Wall>) -> SealedRoom {
    var room = self
    room.walls = walls
    // Whoever has no processes of its own may not be allowed to show them.
    if !walls.contains(.processes) { room.places.removeAll { $0.kind == .processes } }
    return room
  }

  /// Builds the walls around nothing.
  private func failure() throws(PlatformError) -> Wall? {
    do throws(PlatformError) {
      _ = unsafe try RoomRequest(self).start(nil)
      return nil
    } catch .wall(let wall, _) {
      return wall
    }
  }
}

extension SealedRoom {
  /// Who this process is.
  package static var ownUser: UInt32 { geteuid() }
  package static var ownGroup: UInt32 { getegid() }
}
