import Glibc
import Testing

@testable import Platform

@Suite struct FileTreeTests {
  @Test(arguments: ["../outside", "link/secret", "link", "/etc/passwd", "a/../../outside"])
  func noNameLeadsOutOfTheTree(_ name: String) throws {
    let scratch = Scratch()
    scratch.file("outside", "x")
    let inner = "\(scratch.path)/inner"
    unsafe mkdir(inner, 0o700)
    unsafe mkdir("\(inner)/a", 0o700)
    unsafe symlink(scratch.path, "\(inner)/link")
    let tree = try FileTree.open(inner)
    #expect(throws: PlatformError.self) { try tree.openFile(name) }
    #expect(throws: PlatformError.self) { try tree.createFile(name, byteCount: 1) }
    #expect(scratch.names == ["inner", "outside"])
  }

  @Test func aFileThatExistsIsNeverWrittenOver() throws {
    let scratch = Scratch()
    scratch.file("weights", "planted")
    let tree = try FileTree.open(scratch.path)
    #expect(throws: PlatformError.alreadyExists(.createFile)) { try tree.createFile("weights", byteCount: 1) }
    unsafe symlink("/dev/shm/elsewhere", "\(scratch.path)/dangling")
    #expect(throws: PlatformError.self) { try tree.createFile("dangling", byteCount: 1) }
    #expect(unsafe access("/dev/shm/elsewhere", F_OK) != 0)
  }

  @Test func aReadPastTheEndIsAnError() throws {
    let scratch = Scratch()
    scratch.file("short", "abc")
    let file = try FileTree.open(scratch.path).openFile("short")
    var bytes = [UInt8](repeating: 0, count: 4)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    #expect(file.byteCount == 3)
    var failure: PlatformError?
    do throws(PlatformError) { try file.read(at: 0, into: &span) } catch { failure = error }
    #expect(failure == .endsTooEarly)
  }

  @Test func aDirectoryOrDeviceIsNoRegularFile() throws {
    let tree = try FileTree.open("/dev")
    #expect(throws: PlatformError.system(.openFile, errno: EINVAL)) { try tree.openFile("null") }
    #expect(throws: PlatformError.self) { try tree.openFile("shm") }
  }

  @Test func wholeFilesAreBounded() throws {
    let scratch = Scratch()
    scratch.file("big", String(repeating: "x", count: 100))
    let tree = try FileTree.open(scratch.path)
    #expect(try tree.readFile("big", limitBytes: 100).count == 100)
    #expect(throws: PlatformError.tooLong(limitBytes: 99)) { try tree.readFile("big", limitBytes: 99) }
    #expect(throws: PlatformError.tooLong(limitBytes: 99)) {
      try SmallFile.read("\(scratch.path)/big", limitBytes: 99)
    }
  }

  @Test func privateFilesAreNewAndPrivate() throws {
    let scratch = Scratch()
    try SmallFile.create("\(scratch.path)/key", [1, 2])
    #expect(mode(of: "\(scratch.path)/key") == 0o600)
    #expect(throws: PlatformError.alreadyExists(.createFile)) { try SmallFile.create("\(scratch.path)/key", [3]) }
    #expect(try SmallFile.read("\(scratch.path)/key", limitBytes: 9) == [1, 2])
  }
}
