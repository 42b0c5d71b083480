import Glibc
import Testing

@testable import Platform

struct DurableDirectoryTests {
  private let scratch = Scratch()

  private func write(_ text: String, _ name: String, _ directory: DurableDirectory) throws {
    let file = try directory.create(file: name)
    try directory.write(Array(text.utf8), to: file, at: 0)
    try directory.synchronize(file)
    directory.close(file)
  }

  @Test func whatIsWrittenIsRead() throws {
    let directory = try DurableDirectory(path: scratch.path)
    #expect(try directory.read(file: "a") == nil)
    try write("one", "a", directory)
    #expect(try directory.read(file: "a") == Array("one".utf8))
    let file = try directory.create(file: "b")
    try directory.write(Array("end".utf8), to: file, at: 5)
    try directory.write([], to: file, at: 0)
    directory.close(file)
    #expect(try directory.read(file: "b") == [0, 0, 0, 0, 0] + Array("end".utf8))
  }

  @Test func aNewFileNeverTouchesTheOldOne() throws {
    let directory = try DurableDirectory(path: scratch.path)
    let old = try directory.create(file: "a")
    try directory.write(Array("old".utf8), to: old, at: 0)
    try write("new", "a", directory)
    try directory.write(Array("OLD".utf8), to: old, at: 0)
    directory.close(old)
    #expect(try directory.read(file: "a") == Array("new".utf8))
  }

  @Test func aRenameReplaces() throws {
    let directory = try DurableDirectory(path: scratch.path)
    try directory.create(directory: "d")
    try directory.create(directory: "d")
    try write("one", "a", directory)
    try write("two", "d/a.tmp", directory)
    try directory.move("d/a.tmp", to: "a")
    try directory.synchronize(directory: "d")
    try directory.synchronize(directory: "")
    #expect(try directory.read(file: "a") == Array("two".utf8))
    #expect(try directory.read(file: "d/a.tmp") == nil)
    try directory.remove(file: "a")
    try directory.remove(file: "a")
    #expect(try directory.read(file: "a") == nil)
    #expect(throws: PlatformError.system(.publish, errno: ENOENT)) { try directory.move("gone", to: "a") }
  }

  @Test func filesAreForTheOwnerOnly() throws {
    let directory = try DurableDirectory(path: scratch.path)
    try write("one", "a", directory)
    var status = stat()
    #expect(unsafe stat(scratch.path + "/a", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test(arguments: ["", ".", "..", "../a", "/etc/hostname", "d/../../a", "d/", "d/.", "d/..", "a\0b", "a\0/b"])
  func aNameThatLeadsElsewhereIsRefused(_ name: String) throws {
    let directory = try DurableDirectory(path: scratch.path)
    try directory.create(directory: "d")
    #expect(throws: PlatformError.self) { try directory.create(file: name) }
    #expect(throws: PlatformError.self) { try directory.move("d", to: name) }
    #expect((try? directory.read(file: name)).flatMap { $0 } == nil)
  }

  @Test func noNameLeadsThroughALink() throws {
    let directory = try DurableDirectory(path: scratch.path)
    try directory.create(directory: "real")
    try write("one", "real/a", directory)
    #expect(unsafe symlink("real", scratch.path + "/link") == 0)
    #expect(unsafe symlink("real/a", scratch.path + "/alias") == 0)
    #expect(throws: PlatformError.system(.readFile, errno: ELOOP)) { try directory.read(file: "link/a") }
    #expect(throws: PlatformError.system(.readFile, errno: ELOOP)) { try directory.read(file: "alias") }
    #expect(throws: PlatformError.self) { try directory.create(file: "link/b") }
    #expect(throws: PlatformError.self) { try directory.synchronize(directory: "link") }
    try write("two", "alias", directory)
    #expect(try directory.read(file: "real/a") == Array("one".utf8))
  }

  @Test func aFolderOrAPipeIsNoFile() throws {
    let directory = try DurableDirectory(path: scratch.path)
    try directory.create(directory: "d")
    #expect(unsafe mkfifo(scratch.path + "/pipe", 0o600) == 0)
    #expect(throws: PlatformError.self) { try directory.read(file: "d") }
    #expect(throws: PlatformError.self) { try directory.read(file: "pipe") }
    #expect(throws: PlatformError.self) { try DurableDirectory(path: scratch.path + "/pipe") }
    #expect(throws: PlatformError.system(.openDirectory, errno: ENOENT)) {
      try DurableDirectory(path: scratch.path + "/gone")
    }
  }

  @Test func oneHolderAtATime() throws {
    var first: DurableDirectory? = try DurableDirectory(path: scratch.path)
    let second = try DurableDirectory(path: scratch.path)
    try first?.lock()
    #expect(throws: PlatformError.system(.lockDirectory, errno: EWOULDBLOCK)) { try second.lock() }
    first = nil
    try second.lock()
  }

  @Test func aFullDiskIsAnError() throws {
    let directory = try DurableDirectory(path: scratch.path)
    let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
    defer { close(full) }
    #expect(throws: PlatformError.system(.writeFile, errno: ENOSPC)) {
      try directory.write([1, 2, 3], to: full, at: 0)
    }
    #expect(throws: PlatformError.system(.synchronize, errno: EBADF)) { try directory.synchronize(-1) }
  }
}
