import Bytes
import Glibc
import HostileDisk
import Platform
import TestSupport
import Testing
import TransparencyLog

/// Our log, read by Go's own packages: another implementation of notes, tiles and proofs.
@Suite(.enabled(if: GoOracle.isInstalled, "needs go and golang-golang-x-mod-dev"))
struct GoOracleTests {
  @Test(arguments: [1, 2, 255, 256, 257, 70_000])
  func goReadsTheLog(_ size: Int) throws {
    let log = try PublishedLog(size: size)
    defer { log.remove() }
    let expected = Vector.roots.first { $0.size == size }?.root ?? ""
    #expect(try GoOracle.run(log) == "ok \(size) \(expected)\n")
  }

  @Test func goNoticesAFlippedEntryAndAFlippedTile() throws {
    let log = try PublishedLog(size: 300)
    defer { log.remove() }
    for name in ["tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"] {
      let intact = try log.read(name)
      var damaged = intact
      damaged[20] ^= 1
      try log.write(name, damaged)
      #expect(throws: GoOracle.Refused.self, "\(name)") { try GoOracle.run(log) }
      try log.write(name, intact)
    }
    #expect(try GoOracle.run(log).hasPrefix("ok 300 "))
  }
}

/// The public files of a log of `entry 0` …, in a directory of their own.
struct PublishedLog {
  let path: String
  private let directory: DurableDirectory

  init(size: Int) throws {
    var template = Array("/tmp/vouchsafe-log-XXXXXX".utf8CString)
    path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
    directory = try DurableDirectory(path: path)
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: logSigner(), absence: .begin)
    for start in stride(from: 0, to: size, by: 256) { _ = try log.append(entries(start..<min(start + 256, size))) }
    try log.publish()
    for name in disk.names where name != "wal" { try write(name, disk[name] ?? []) }
    try write("vkey", utf8(Vector.logKey + "\n"))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let parts = name.split(separator: "/")
    for count in 1..<max(1, parts.count) { try directory.create(directory: parts.prefix(count).joined(separator: "/")) }
    let file = try directory.create(file: name)
    defer { directory.close(file) }
    try directory.write(bytes, to: file, at: 0)
  }

  func read(_ name: String) throws -> [UInt8] { try #require(try directory.read(file: name)) }

  func remove() { GoOracle.remove(path) }
}

enum GoOracle {
  struct Refused: Error {}

  private static let packages = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go"
  private static let places: [String] = ["/usr/bin/go", "/usr/local/go/bin/go"]
  private static let go: String? = places.first { place in unsafe access(place, X_OK) == 0 }

  static let isInstalled = unsafe go != nil && access(packages, R_OK) == 0

  /// Built once into a folder that is left to the system's cleaning of /tmp, as Go's cache is.
  private static let program: Result<String, any Error> = Result {
    let folder = "/tmp/vouchsafe-go-\(getuid())"
    let source =
      "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/scripts/interop/tlog/main.go"
    let environment = [
      "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": folder + "/cache", "HOME": folder,
      "PATH": "/usr/bin:/bin",
    ]
    let plan = ChildPlan(
      path: go ?? "", arguments: ["build", "-o", folder + "/tlog", source], environment: environment)
    guard try finish(plan) == 0 else { throw Refused() }
    return folder + "/tlog"
  }

  /// What the program printed. Throws when it refused.
  static func run(_ log: PublishedLog) throws -> String {
    let output = log.path + "/output"
    let file = unsafe open(output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(file) }
    let plan = ChildPlan(
      path: try program.get(), arguments: [log.path, log.path + "/vkey"], output: file, error: nil)
    guard try finish(plan) == 0 else { throw Refused() }
    return String(decoding: try VectorStore.file(output), as: UTF8.self)
  }

  static func remove(_ folder: String) { _ = try? finish(ChildPlan(path: "/bin/rm", arguments: ["-r", folder])) }

  /// The child dies with the thread that started it, so this one waits.
  private static func finish(_ plan: ChildPlan) throws -> Int32? {
    try ChildProcess.start(plan).wait(milliseconds: 120_000)
  }
}
