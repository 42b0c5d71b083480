import Glibc
import Testing

@testable import Platform

/// Walls one by one; what an engine that means harm makes of them together is `scripts/test room`'s.
@Suite(.serialized) struct SealedRoomTests {
  private static func room(_ walls: Set<SealedRoom.Wall>) -> SealedRoom {
    let (user, group): (UInt32, UInt32) =
      walls.contains(.user) ? (65_532, 65_532) : (SealedRoom.ownUser, SealedRoom.ownGroup)
    return SealedRoom(
      walls: walls, user: user, group: group,
      places: SealedRoom.basicPlaces(
        user: user, group: group, scratchBytes: 1 << 20, withProcesses: walls.contains(.processes), name: "engine"))
  }

  /// Whether this machine lets us build these walls.
  private static func has(_ walls: SealedRoom.Wall...) -> Bool {
    (try? room(Set(walls)).missingWalls().isEmpty) ?? false
  }
  static let hasAll = has(.user, .network, .files, .processes, .systemCalls)
  static let hasProcesses = has(.processes)
  static let hasCalls = has(.systemCalls)

  private func shell(
    _ line: String, _ walls: Set<SealedRoom.Wall>, change: (inout SealedRoom) -> Void = { _ in }
  ) throws -> (status: Int32?, output: String) {
    var room = Self.room(walls)
    change(&room)
    return try outcome { output in
      ChildPlan(
        path: "/bin/sh", arguments: ["-c", line], environment: ["PATH": "/usr/bin:/bin"], output: output,
        error: output, room: room)
    }
  }

  @Test(.enabled(if: hasAll, "this machine does not let us build every wall"))
  func theWholeRoomIsSomebodyWithNothing() throws {
    let (status, output) = try shell(
      "id -u; cat /proc/self/status; ls / /dev; hostname; ls /proc | grep -c '^[0-9]'", Set(SealedRoom.Wall.allCases))
    #expect(status == 0)
    for line in [
      "65532\n", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "\nroom\n",
    ] { #expect(output.contains(line)) }
    #expect(!output.contains("root\n") && !output.contains("home\n") && !output.contains("\nsys\nvar\n"))
  }

  @Test(.enabled(if: hasAll, "this machine does not let us build every wall"))
  func thePlacesAreThereAndNothingElseCanBeWritten() throws {
    let scratch = Scratch()
    scratch.file("weights", "plain")
    let folder = Scratch()
    unsafe chown(folder.path, 65_532, 65_532)
    unsafe chmod("\(scratch.path)/weights", 0o444)
    unsafe chmod(scratch.path, 0o755)
    let line = """
      cat \(scratch.path)/weights; echo; touch \(folder.path)/socket && echo written; touch /tmp/own && echo own;
      touch \(scratch.path)/new / /usr/new /dev/new 2>&1 | grep -c 'Read-only'; cat /etc/passwd
      """
    let (_, output) = try shell(line, Set(SealedRoom.Wall.allCases)) {
      $0.places += [.outside(scratch.path, .data), .outside(folder.path, .write)]
    }
    #expect(output == "plain\nwritten\nown\n4\nengine:x:65532:65532::/tmp:/bin/false\n")
    #expect(folder.names == ["socket"])
  }

  @Test func aPlaceThatMustBeThereAndIsNotBuildsNothing() throws {
    guard Self.hasAll else { return }
    #expect(throws: PlatformError.wall(.files, errno: ENOENT)) {
      try shell("echo", Set(SealedRoom.Wall.allCases)) { $0.places.append(.outside("/nonexistent", .data)) }
    }
  }

  @Test(.enabled(if: hasProcesses, "this machine does not let us make process namespaces"))
  func theRoomsEndIsTheEndOfAllInIt() throws {
    let (status, output) = try shell("setsid sleep 300 & echo $$; exit 7", [.processes])
    #expect(status == 7)
    // Had the sleeper lived on, it would have held the pipe and this would not have been reached.
    #expect(output == "2\n")
    #expect(try shell("kill -9 $$", [.processes]).status == 137)
  }

  @Test(.enabled(if: hasProcesses, "this machine does not let us make process namespaces"))
  func aSignalReachesTheProgramsGroupInTheRoom() throws {
    var ends: [Int32] = [0, 0]
    unsafe pipe(&ends)
    let plan = ChildPlan(
      path: "/bin/sh", arguments: ["-c", "trap 'echo heard; exit 9' TERM; echo up; while :; do sleep 0.05; done"],
      environment: ["PATH": "/bin"], output: ends[1], room: Self.room([.processes]))
    let child = try ChildProcess.start(plan)
    close(ends[1])
    var buffer = [UInt8](repeating: 0, count: 64)
    _ = unsafe read(ends[0], &buffer, buffer.count)
    child.signal(SIGTERM)
    #expect(try child.wait(milliseconds: 10_000) == 9)
    close(ends[0])
  }

  @Test(.enabled(if: hasProcesses, "this machine does not let us make process namespaces"))
  func aKilledRoomLeavesNobody() throws {
    var ends: [Int32] = [0, 0]
    unsafe pipe(&ends)
    let plan = ChildPlan(
      path: "/bin/sh", arguments: ["-c", "trap '' TERM; sleep 300 & echo up; wait; sleep 300"],
      environment: ["PATH": "/bin"], output: ends[1], room: Self.room([.processes]))
    let child = try ChildProcess.start(plan)
    close(ends[1])
    var buffer = [UInt8](repeating: 0, count: 64)
    _ = unsafe read(ends[0], &buffer, buffer.count)
    child.signal(SIGKILL)
    #expect(try child.wait(milliseconds: 10_000) == 137)
    #expect(unsafe read(ends[0], &buffer, buffer.count) == 0)
    close(ends[0])
  }

  @Test(.enabled(if: hasCalls, "this machine has no filter of system calls"))
  func refusedCallsAreRefusedWithoutAnyOtherWall() throws {
    let (_, output) = try shell(
      "unshare -U true; unshare -m true; mount -t tmpfs x /mnt; cat /proc/self/status", [.systemCalls])
    #expect(output.contains("Seccomp:\t2"))
    #expect(output.split(separator: "\n").filter { $0.hasPrefix("unshare: unshare failed") }.count == 2)
  }

  @Test func whatCannotBeBuiltIsNamed() throws {
    guard SealedRoom.ownUser != 0 else { return }
    #expect(try Self.room([.user, .systemCalls]).missingWalls() == [.user])
  }

  @Test func pathsAreShownByTheirPlaces() {
    var room = Self.room([.files])
    room.places.append(.outside("/opt/engine", .read))
    for (path, isShown) in [
      ("/usr/bin/env", true), ("/opt/engine/bin/serve", true), ("/opt/engine", true), ("/opt/engines/bin/serve", false),
      ("/opt", false), ("/etc/passwd", false),
    ] { #expect(room.shows(path) == isShown) }
    room.walls = []
    #expect(room.shows("/opt"))
  }
}
