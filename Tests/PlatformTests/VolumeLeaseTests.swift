import Glibc
import Testing

@testable import Platform

/// What an agent that was killed leaves behind, and what nobody may touch.
@Suite struct VolumeLeaseTests {
  private func makeVolume(
    _ scratch: Scratch, _ name: String = "model", token: String = "abc", needed: Int = 4096
  ) throws -> TmpfsVolume {
    try TmpfsVolume(
      directory: scratch.path, name: name, neededBytes: needed, acceptingSwap: true, token: token)
  }

  /// As after kill -9: the plaintext and the file are there, and nobody holds the lock.
  private func leave(_ scratch: Scratch, _ name: String = "model", published: Bool, token: String = "dead") throws {
    let volume = try makeVolume(scratch, name, token: token)
    let file = try volume.staging.createFile("a/weights", byteCount: 3)
    try unsafe file.write([1, 2, 3].span.bytes, at: 0)
    if published { try volume.publish() }
  }

  @Test(arguments: [false, true]) func whatADeadAgentLeftIsRemovedByTheNext(published: Bool) throws {
    let scratch = Scratch()
    try leave(scratch, published: published)
    #expect(scratch.names == (published ? [".model.lease", "model"] : [".model.dead", ".model.lease"]))
    let volume = try makeVolume(scratch)
    #expect(scratch.names == [".model.abc", ".model.lease"])
    try volume.publish()
    try volume.wipe()
    #expect(scratch.names.isEmpty)
  }

  @Test func itIsRemovedUnderEveryNameAndBeforeMemoryIsCounted() throws {
    let scratch = Scratch()
    try leave(scratch, "one", published: true, token: "d1")
    try leave(scratch, "two", published: false, token: "d2")
    #expect { try makeVolume(scratch, needed: .max) } throws: { ($0 as? PlatformError)?.code == "notEnoughMemory" }
    #expect(scratch.names.isEmpty)
  }

  @Test func aLivingAgentsDirectoryIsNeverTouched() throws {
    let scratch = Scratch()
    let hidden = try makeVolume(scratch)
    #expect(throws: PlatformError.inUse) { try makeVolume(scratch, token: "other") }
    let other = try makeVolume(scratch, "other")
    #expect(scratch.names == [".model.abc", ".model.lease", ".other.abc", ".other.lease"])
    try hidden.publish()
    #expect(throws: PlatformError.inUse) { try makeVolume(scratch, token: "other") }
    try other.wipe()
    #expect(scratch.names == [".model.lease", "model"])
  }

  @Test func afterItsEndAnAgentLeavesTheNextOnesAlone() throws {
    let scratch = Scratch()
    let first = try makeVolume(scratch)
    try first.publish()
    try first.wipe()
    let second = try makeVolume(scratch, token: "second")
    try second.publish()
    try first.wipe()
    #expect(scratch.names == [".model.lease", "model"])
    #expect(throws: PlatformError.inUse) { try makeVolume(scratch, token: "third") }
  }

  @Test func plaintextIsRemovedAlsoWhenSomebodyRemovedTheLease() throws {
    let scratch = Scratch()
    let volume = try makeVolume(scratch)
    try volume.publish()
    _ = unsafe unlink("\(scratch.path)/.model.lease")
    try volume.wipe()
    #expect(scratch.names.isEmpty)
  }

  @Test func somebodyElsesDirectoryOfTheNameStays() throws {
    let scratch = Scratch()
    try leave(scratch, published: false)
    _ = unsafe mkdir("\(scratch.path)/model", 0o700)
    scratch.file("model/theirs", "somebody's")
    #expect(throws: PlatformError.alreadyExists(.publish)) { try makeVolume(scratch) }
    #expect(scratch.names == ["model"])
  }

  @Test(arguments: [
    "", "vouchsafe volume 1 dead", "vouchsafe volume 2 dead 7", "vouchsafe volume 1 ../../x 7", "somebody's lease",
    "vouchsafe volume 1 dead -7", "vouchsafe volume 1 a/b 7",
  ])
  func aFileThatNoAgentWroteNamesNothing(text: String) throws {
    let scratch = Scratch()
    try leave(scratch, published: false)
    scratch.file(".model.lease", text)
    scratch.file(".other.lease", text)
    if text.isEmpty {
      _ = try makeVolume(scratch)
    } else {
      #expect(throws: PlatformError.alreadyExists(.lockDirectory)) { try makeVolume(scratch) }
    }
    #expect(scratch.names.contains(".model.dead"))
    #expect(scratch.names.contains(".other.lease"))
  }

  @Test func linksAndFilesOfOthersAreNoLeases() throws {
    let scratch = Scratch()
    scratch.file("target", "vouchsafe volume 1 dead 1\n")
    _ = unsafe symlink("target", "\(scratch.path)/.model.lease")
    #expect(throws: PlatformError.system(.lockDirectory, errno: ELOOP)) { try makeVolume(scratch) }
    _ = unsafe unlink("\(scratch.path)/.model.lease")
    _ = unsafe link("\(scratch.path)/target", "\(scratch.path)/.model.lease")
    #expect(throws: PlatformError.alreadyExists(.lockDirectory)) { try makeVolume(scratch) }
    _ = unsafe unlink("\(scratch.path)/.model.lease")
    scratch.file(".model.lease", "")
    _ = unsafe chmod("\(scratch.path)/.model.lease", 0o622)
    #expect(throws: PlatformError.alreadyExists(.lockDirectory)) { try makeVolume(scratch) }
    if geteuid() == 0 {
      _ = unsafe chmod("\(scratch.path)/.model.lease", 0o600)
      _ = unsafe chown("\(scratch.path)/.model.lease", 65_534, 65_534)
      #expect(throws: PlatformError.alreadyExists(.lockDirectory)) { try makeVolume(scratch) }
    }
  }

  /// A directory that is not this user's is not what an agent of this user made, whatever a file says.
  @Test(.enabled(if: geteuid() == 0)) func directoriesOfOthersStay() throws {
    let scratch = Scratch()
    try leave(scratch, published: true)
    _ = unsafe chown("\(scratch.path)/model", 65_534, 65_534)
    #expect(throws: PlatformError.alreadyExists(.publish)) { try makeVolume(scratch) }
    #expect(scratch.names == ["model"])
  }
}
