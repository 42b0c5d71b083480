import Glibc
import Testing

@testable import Platform

@Suite struct SocketFolderTests {
  @Test func theFolderIsMadeAndGoesWithAllThatIsInIt() throws {
    let scratch = Scratch()
    let folder = try SocketFolder(for: "\(scratch.path)/run/engine.sock", user: SealedRoom.ownUser, inMemory: true)
    #expect(mode(of: "\(scratch.path)/run") == 0o2770)
    unsafe mkdir("\(scratch.path)/run/litter", 0o700)
    scratch.file("run/litter/more", "x")
    folder.remove()
    #expect(scratch.names.isEmpty)
  }

  @Test func aFolderWithAnythingElseIsLeftAlone() throws {
    let scratch = Scratch()
    unsafe mkdir("\(scratch.path)/run", 0o755)
    scratch.file("run/other", "x")
    #expect(throws: PlatformError.alreadyExists(.socket)) {
      try SocketFolder(for: "\(scratch.path)/run/engine.sock", user: SealedRoom.ownUser, inMemory: true)
    }
    #expect(mode(of: "\(scratch.path)/run") == 0o755)
    unsafe unlink("\(scratch.path)/run/other")
    try SocketFolder(for: "\(scratch.path)/run/engine.sock", user: SealedRoom.ownUser, inMemory: true).remove()
    #expect(scratch.names == ["run"])
  }

  @Test(.enabled(if: SealedRoom.ownUser == 0, "only root gives a folder to another user"))
  func whatAKilledAgentsEngineLeftIsRemoved() throws {
    let scratch = Scratch()
    _ = try SocketFolder(for: "\(scratch.path)/run/engine.sock", user: 65_532, inMemory: true)
    scratch.file("run/litter", "x")
    try SocketFolder(for: "\(scratch.path)/run/engine.sock", user: 65_532, inMemory: true).remove()
    #expect(scratch.names == ["run"])
    #expect(mode(of: "\(scratch.path)/run/litter") == 0)
  }

  @Test func aFolderOnADiskIsRefused() {
    #expect(throws: PlatformError.notTmpfs) {
      try SocketFolder(for: "/proc/engine.sock", user: SealedRoom.ownUser, inMemory: true)
    }
  }
}
