import Bytes
import Cryptography
import Glibc
import LogStorage
import Platform
import SignedNotes
import Testing
import TransparencyLog

@testable import Broker

/// The log on a real directory.
struct DurableLogTests {
  @Test func aLogIsReopenedAndAudited() async throws {
    var template = Array("/tmp/vouchsafe-log-XXXXXX".utf8CString)
    let path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
    defer {
      _ = try? ChildProcess.start(ChildPlan(path: "/bin/rm", arguments: ["-r", path])).wait(milliseconds: 10_000)
    }
    let signer = try NoteSigner(name: "log.test", key: Ed25519PrivateKey.random())
    let directory = try DurableDirectory(path: path)
    var size = 0
    for round in 0..<4 {
      var log = try LogWriter.open(directory, signer: signer, absence: round == 0 ? .begin : .refuse)
      #expect(log.size == UInt64(size))
      for _ in 0..<3 {
        _ = try log.append((0..<50).map { Array("entry \(size + $0)".utf8) })
        size += 50
        if round != 2 { try log.publish() }
      }
    }
    var source = DirectorySource(directory: directory)
    let auditor = Auditor(key: signer.verifierKey, leaves: .opaque)
    #expect(try await auditor.audit(&source).size == 600)
    #expect(try directory.read(file: "wal.tmp") == nil)
  }

  @Test func theSystemsNumberReachesTheLog() throws {
    #expect(throws: PlatformError.self) { try DurableDirectory(path: "/proc/self/gone") }
    let io: any DurableIO = try DurableDirectory(path: "/proc/self")
    #expect(throws: DurableFailure(.makeDirectory, ENOENT)) { try io.makeDirectory("new") }
    #expect(throws: DurableFailure(.rename, ENOENT)) { try io.rename("gone", to: "new") }
  }
}

private struct DirectorySource: LogSource {
  let directory: DurableDirectory

  func file(at path: String) throws -> [UInt8]? { try directory.read(file: path) }
}
