import Testing

@testable import Platform

@Suite struct OwnMemoryTests {
  /// Mounts in one thread, as a program does in all of its own: what a mount gives, and what is in it.
  private static func fill(_ path: String) async throws -> OwnMemory.Mount? {
    try await OwnThread.run {
      OwnMemory.prepare()
      guard let mount = try OwnMemory.mount(on: path, bytes: 16 << 20) else { return nil }
      let volume = try TmpfsVolume(
        directory: path, name: "model", neededBytes: 4 << 20, acceptingSwap: mount.neverSwaps, token: "t")
      let file = try volume.staging.createFile("f", byteCount: 4 << 20)
      if mount.hasHugePages { #expect(try file.mapped(0..<4 << 20) != nil) }
      try volume.publish()
      #expect(try FileTree.open(path).contains("model"))
      return mount
    }
  }

  /// Where the tests may not mount, the agent may not either, and takes the directory as it is.
  @Test func whatIsMountedIsSeenByNobodyElse() async throws {
    let place = Scratch(in: "/tmp")
    guard try await Self.fill(place.path) != nil else { return }
    #expect(place.names.isEmpty)
  }

  @Test func moreThanTheMachineHasIsRefusedBeforeItIsMounted() async throws {
    let path = Scratch(in: "/tmp").path
    let isMounted = try await OwnThread.run {
      OwnMemory.prepare()
      do throws(PlatformError) {
        return try OwnMemory.mount(on: path, bytes: 1 << 50) != nil
      } catch .notEnoughMemory {
        return false
      }
    }
    #expect(!isMounted)
  }
}
