import Glibc
import Testing

@testable import Platform

@Suite struct TmpfsVolumeTests {
  private func makeVolume(_ scratch: Scratch, needed: Int = 4096) throws -> TmpfsVolume {
    try TmpfsVolume(directory: scratch.path, name: "model", neededBytes: needed, acceptingSwap: false, token: "abc")
  }

  @Test func aDirectoryOutsideTmpfsIsRefused() {
    #expect(throws: PlatformError.notTmpfs) {
      try TmpfsVolume(directory: "/proc", name: "m", neededBytes: 1, acceptingSwap: false, token: "t")
    }
  }

  @Test func nothingIsVisibleBeforeItIsPublished() throws {
    let scratch = Scratch()
    let volume = try makeVolume(scratch)
    let file = try volume.staging.createFile("a/b.bin", byteCount: 3)
    try unsafe file.write([1, 2, 3].span.bytes, at: 0)
    #expect(scratch.names == [".model.abc", ".model.lease"])
    #expect(mode(of: "\(scratch.path)/.model.abc") == 0o700)
    #expect(mode(of: "\(scratch.path)/.model.abc/a/b.bin") == 0o600)
    try volume.publish()
    #expect(scratch.names == [".model.lease", "model"])
    #expect(mode(of: "\(scratch.path)/model/a/b.bin") == 0o400)
    #expect(mode(of: "\(scratch.path)/model/a") == 0o500)
    #expect(volume.publishedPath == "\(scratch.path)/model")
    try volume.wipe()
    #expect(scratch.names.isEmpty)
  }

  @Test func wipingUnpublishedWorkLeavesNothing() throws {
    let scratch = Scratch()
    let volume = try makeVolume(scratch)
    _ = try volume.staging.createFile("x/y/z", byteCount: 10)
    try volume.wipe()
    #expect(scratch.names.isEmpty)
    try volume.wipe()
  }

  @Test func aNameThatIsTakenIsRefusedFirstAndLast() throws {
    let scratch = Scratch()
    scratch.file("model", "somebody's")
    #expect(throws: PlatformError.alreadyExists(.publish)) { try makeVolume(scratch) }
    unlinkFile("\(scratch.path)/model")
    let volume = try makeVolume(scratch)
    scratch.file("model", "somebody's")
    #expect(throws: PlatformError.alreadyExists(.publish)) { try volume.publish() }
    try volume.wipe()
    #expect(scratch.names == ["model"])
  }

  @Test func aModelLargerThanTheFreeMemoryIsRefusedBeforeTheFirstByte() {
    let scratch = Scratch()
    #expect {
      try makeVolume(scratch, needed: .max)
    } throws: { error in
      guard case .notEnoughMemory(needed: .max, let free) = error as? PlatformError else { return false }
      return free > 0
    }
    #expect(scratch.names.isEmpty)
  }

  @Test func theFootprintCountsWholePagesAndCannotOverflow() {
    #expect(TmpfsVolume.footprint(of: []) == 1 << 20)
    #expect(TmpfsVolume.footprint(of: [1]) == (1 << 20) + 8192)
    #expect(TmpfsVolume.footprint(of: [4096]) == (1 << 20) + 8192)
    #expect(TmpfsVolume.footprint(of: [.max, .max]) == .max)
  }

  @Test(arguments: [
    ("Filename Type Size Used Priority\n", false),
    ("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n", true),
  ])
  func anySwapAreaIsRefused(_ table: String, _ isRefused: Bool) throws {
    let scratch = Scratch()
    scratch.file("swaps", table)
    if isRefused {
      #expect(throws: PlatformError.swapIsOn) { try SwapAreas.requireNone(listedIn: "\(scratch.path)/swaps") }
    } else {
      try SwapAreas.requireNone(listedIn: "\(scratch.path)/swaps")
    }
  }

  @Test func anUnreadableSwapTableIsNotNoSwap() {
    #expect(throws: PlatformError.system(.readSwaps, errno: ENOENT)) {
      try SwapAreas.requireNone(listedIn: "/nonexistent/swaps")
    }
  }

  private func unlinkFile(_ path: String) { _ = unsafe unlink(path) }
}
