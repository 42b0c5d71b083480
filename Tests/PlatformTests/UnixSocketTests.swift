import Glibc
import Platform
import Testing

@Suite struct UnixSocketTests {
  private let path = "/tmp/vouchsafe-socket-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

  @Test func aLineGoesThereAndAnotherComesBack() async throws {
    let listener = try UnixListener(path: path)
    defer { listener.close() }
    try OwnThread.start {
      guard let connection = try? listener.accept(),
        let line = try? connection.readLine(limitBytes: 64, within: .seconds(5))
      else { return }
      try? connection.write(line + [0x21, 0x0A], within: .seconds(5))
    }
    let client = try UnixConnection.connect(path: path)
    try client.write(Array("hello\n".utf8), within: .seconds(5))
    #expect(try client.readLine(limitBytes: 64, within: .seconds(5)) == Array("hello!".utf8))
  }

  @Test func aPeerThatSaysNothingOrTooMuchIsLeft() throws {
    let listener = try UnixListener(path: path)
    defer { listener.close() }
    let client = try UnixConnection.connect(path: path)
    let server = try #require(try listener.accept())
    #expect(throws: PlatformError.system(.socket, errno: ETIMEDOUT)) {
      try server.readLine(limitBytes: 64, within: .milliseconds(30))
    }
    try client.write([UInt8](repeating: 0x61, count: 65), within: .seconds(5))
    #expect(throws: PlatformError.tooLong(limitBytes: 64)) {
      try server.readLine(limitBytes: 64, within: .seconds(5))
    }
  }

  @Test func aPeerThatLeavesEndsTheLine() throws {
    let listener = try UnixListener(path: path)
    defer { listener.close() }
    do {
      let client = try UnixConnection.connect(path: path)
      try client.write([0x61], within: .seconds(5))
    }
    let server = try #require(try listener.accept())
    #expect(throws: PlatformError.endsTooEarly) { try server.readLine(limitBytes: 64, within: .seconds(5)) }
  }

  @Test func onlyTheOwnerMayConnectAndALeftoverIsReplaced() throws {
    let first = try UnixListener(path: path)
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(throws: PlatformError.alreadyExists(.socket)) { try UnixListener(path: path) }
    first.close()
    // Who had connected by then is still handed out, and nobody after that.
    while try first.accept() != nil {}
    try SmallFile.create(path, [])
    #expect(throws: PlatformError.alreadyExists(.socket)) { try UnixListener(path: path) }
    unsafe unlink(path)
    #expect(throws: PlatformError.system(.socket, errno: ENAMETOOLONG)) {
      try UnixListener(path: "/tmp/" + String(repeating: "a", count: 200))
    }
  }
}
