import Glibc
import Testing

@testable import Platform

@Suite struct OutputRingTests {
  @Test func theLastBytesAreKeptAndAllAreCounted() async throws {
    let ring = try OutputRing()
    let line = [UInt8](repeating: 0x61, count: 1 << 16)
    let writer = try #require(ring.writer)
    for _ in 0..<12 { _ = unsafe write(writer, line, line.count) }
    _ = unsafe write(writer, "end", 3)
    ring.close()
    #expect(ring.writer == nil)
    for _ in 0..<2000 where ring.byteCount < 12 * line.count + 3 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(ring.byteCount == 12 * line.count + 3)
    #expect(ring.tail.count == OutputRing.limitBytes)
    #expect(ring.tail.suffix(4) == Array("aend".utf8))
  }
}

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

  @Test func aFolderOnADiskIsRefused() {
    #expect(throws: PlatformError.notTmpfs) {
      try SocketFolder(for: "/proc/engine.sock", user: SealedRoom.ownUser, inMemory: true)
    }
  }
}
