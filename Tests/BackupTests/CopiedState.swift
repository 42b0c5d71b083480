import Bytes
import Cryptography
import Glibc
import LogStorage
import Platform
import SignedNotes
import TransparencyLog

@testable import Backup

/// A broker's state of a test, with a log of so many entries, of which the last few are in its write-ahead log alone.
final class CopiedState: Sendable {
  let path: String
  var state: String { "\(path)/state" }
  var copy: String { "\(path)/copy" }
  let logKey: NoteSigner
  let key: NoteSigner
  static let secret = Array("this is a root key, in plain text".utf8)

  init(published: Int = 300, pending: Int = 3) throws {
    var template = Array("/dev/shm/vouchsafe-backup-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    logKey = try NoteSigner(name: "vouchsafe.test/log", key: .random())
    key = try NoteSigner(name: "ops", key: .random())
    for folder in ["state/log", "state/keys", "state/tls", "state/admin", "state/registry"] {
      try SmallFile.makeFolder("\(path)/\(folder)", mode: 0o700)
    }
    try put("log.vkey", Array("\(logKey.verifierKey.text)\n".utf8))
    try put("instance.json", Array(#"{"format":1,"logEpoch":"e","logName":"vouchsafe.test/log"}"#.utf8))
    for name in ["keys/keyring.json", "tls/cert.pem", "admin/pins", "approvers.json"] {
      try put(name, Array(name.utf8))
    }
    for name in ["keys/root.key", "tls/key.pem"] { try put(name, Self.secret) }
    try blob("registry", Array("a statement".utf8))
    try blob("evidence", Array("what was sent".utf8))
    var log = try log(.begin)
    for start in stride(from: 0, to: published, by: 50) {
      _ = try log.append(Self.entries(start..<min(start + 50, published)))
    }
    try log.publish()
    if pending > 0 { _ = try log.append(Self.entries(published..<published + pending)) }
  }

  deinit { clear() }

  /// For whoever shared it with another thread, which may let go of it too late.
  func clear() { try? FileTree.open("/dev/shm").remove(String(path.dropFirst("/dev/shm/".count))) }

  static func entries(_ range: Range<Int>) -> [[UInt8]] {
    range.map { Array(#"{"type":"test","number":\#($0)}"#.utf8) }
  }

  func log(
    _ absence: LogWriter.Absence = .refuse, in folder: String? = nil, options: LogWriter.Options = .init()
  ) throws -> LogWriter {
    try LogWriter.open(
      DurableDirectory(path: folder ?? "\(state)/log"), signer: logKey, absence: absence, options: options)
  }

  func put(_ name: String, _ bytes: [UInt8]) throws { try SmallFile.create("\(state)/\(name)", bytes) }

  func blob(_ folder: String, _ bytes: [UInt8], named name: [UInt8]? = nil) throws {
    let digest = Hex.encode(name ?? Hash.sha256.digest(bytes))
    try SmallFile.makeFolder("\(state)/\(folder)/\(digest.prefix(2))", mode: 0o700)
    try put("\(folder)/\(digest.prefix(2))/\(digest)", bytes)
  }

  func take(evidence: Bool = true) throws(BackupError) -> BackupManifest {
    try BackupTaker(state: state, includesEvidence: evidence).take(into: copy, signer: key, at: 1_790_000_000)
  }

  func opened() throws(BackupError) -> BackupFolder { try BackupFolder(copy, key: key.verifierKey) }

  func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Below the copy.
  func read(_ name: String) throws -> [UInt8] { try SmallFile.read("\(copy)/\(name)", limitBytes: 1 << 24) }
  func write(_ name: String, _ bytes: [UInt8]) throws { try SmallFile.overwrite("\(copy)/\(name)", bytes) }
}
