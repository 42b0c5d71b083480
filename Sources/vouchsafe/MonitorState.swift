import Audit
import Bytes
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// How far a log was followed: one file, so that checkpoint, edge and rules are always of one moment.
struct MonitorState {
  private static let file = "followed.json"

  var log: FollowedLog
  var rules: RuleBook

  static func read(_ folder: AuditFolder, _ key: NoteVerifierKey) throws(Failure) -> MonitorState {
    let bytes: [UInt8]?
    do throws(PlatformError) { bytes = try folder.read(file) } catch {
      throw Failure(.unavailable, "\(folder.path): \(error)")
    }
    guard let bytes else { return MonitorState(log: FollowedLog(key: key), rules: RuleBook()) }
    do {
      return try MonitorState(parsing: bytes, key)
    } catch {
      throw Failure(
        .integrity, "\(folder.path)/\(file) is not how far this log was followed; use another --state, or restore it")
    }
  }

  init(log: FollowedLog, rules: RuleBook) {
    self.log = log
    self.rules = rules
  }

  private init(parsing bytes: [UInt8], _ key: NoteVerifierKey) throws {
    let limits = StrictJSON.Limits(depth: 8, tokens: 4_000_000)
    var reader = try JSONReader(try StrictJSON.parse(bytes, limits: limits), "followed")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("followed.v", .outOfRange) }
    let checkpoint = try Base64.decode(Array(try reader.string("checkpoint").utf8), .standard, "followed.checkpoint")
    let edge = try Base64.decode(Array(try reader.string("edge").utf8), .standard, "followed.edge")
    rules = try RuleBook(parsing: try reader.value("rules"))
    try reader.finish()
    log = try FollowedLog(key: key, checkpoint: checkpoint, edge: edge)
    guard rules.next == log.size else { throw ParseError("followed.rules", .outOfRange) }
  }

  /// Durable when it returns. The checkpoint also stands alone, for `audit verify --known` and `--witness-checkpoint`.
  func write(_ folder: AuditFolder) throws(Failure) {
    guard let checkpoint = log.checkpoint else { return }
    let document: JSONValue = .object([
      ("v", 1), ("checkpoint", .string(Base64.encode(checkpoint.bytes))), ("edge", .string(Base64.encode(log.edge))),
      ("rules", rules.json),
    ])
    do throws(PlatformError) {
      try folder.place(CanonicalJSON.encode(document), at: Self.file)
      try folder.place(checkpoint.bytes, at: "checkpoint")
    } catch { throw Failure(.unavailable, "cannot keep \(folder.path): \(error)") }
  }
}
