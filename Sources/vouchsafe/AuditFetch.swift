import Bytes
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// `vouchsafe audit fetch`: a copy of a log as it is served, verified on the way; goes on where it was interrupted.
enum AuditFetch {
  static let command = Command(
    "audit fetch", arguments: "URL", "copy a log into a folder, verifying it on the way; run again for what is new",
    options: [
      AuditOptions.vkey, AuditOptions.policy, Option("--out", value: "DIR", "the copy; made when absent"),
      AuditOptions.ca, .output,
    ],
    example: "vouchsafe audit fetch https://broker.example:8443/log --out ./log --vkey log.vkey",
    run: { try await run($0) })

  private static func run(_ arguments: Arguments) async throws -> ExitCode {
    let place = try arguments.one(of: "URL")
    let format = try arguments.output()
    let key = try AuditOptions.key(arguments)
    let policy = try AuditOptions.policy(arguments)
    let folder = try AuditFolder(try arguments.required("--out"), creating: true)
    try folder.lock()
    let source = try AuditOptions.source(place, arguments)
    var copy = try LogCopy(folder, source, key)
    let count: UInt64
    do {
      count = try await copy.bring(policy)
    } catch { throw AuditOptions.failure(error, place) }
    switch format {
    case .json:
      Console.json(
        .object([
          ("size", .int(copy.size)), ("new", .int(count)), ("fetched", .int(copy.fetchedFiles)),
          ("out", .string(folder.path)),
        ]))
    case .text:
      Console.line("\(copy.size) entries, \(count) new, \(copy.fetchedFiles) files fetched into \(folder.path)")
    }
    return .ok
  }
}

/// A folder that becomes what the log serves. Its file `checkpoint` is replaced last: what it says is there and verified.
struct LogCopy {
  private let folder: AuditFolder
  private let remote: AuditSource
  private let key: NoteVerifierKey
  private var log: FollowedLog
  private(set) var fetchedFiles = 0

  var size: UInt64 { log.size }

  /// - Throws: exit 6 when the folder holds a checkpoint that is not of this log or not of its own tiles.
  init(_ folder: AuditFolder, _ remote: AuditSource, _ key: NoteVerifierKey) throws(Failure) {
    self.folder = folder
    self.remote = remote
    self.key = key
    do {
      guard let checkpoint = try folder.read("checkpoint") else {
        log = FollowedLog(key: key)
        return
      }
      let signed = try VerifiedCheckpoint(verifying: checkpoint, by: key)
      var edge: [UInt8] = []
      for path in TilePath.edge(ofSize: signed.size) {
        guard let tile = try folder.read(path.path) else { throw AuditFailure.missing(path.path) }
        edge += tile
      }
      log = try FollowedLog(key: key, checkpoint: checkpoint, edge: edge)
    } catch {
      throw Failure(
        .integrity, "\(folder.path) does not hold a whole copy of this log (\(error)); fetch into a new folder")
    }
  }

  /// Fetches what is missing up to the newest checkpoint.
  mutating func bring(_ policy: QuorumPolicy?) async throws -> UInt64 {
    let before = log.checkpoint
    var followed = log
    var mirror = Mirror(folder: folder, remote: remote, trustsFolder: true)
    let count: UInt64
    do {
      count = try await followed.advance(policy: policy, &mirror) { _, _ in }
    } catch let failure as AuditFailure {
      keepEvidence(failure, followed)
      guard mirror.usedFolder else { throw failure }
      // Files of an interrupted run are no evidence against the log: once more with none of them.
      followed = log
      mirror = Mirror(folder: folder, remote: remote, trustsFolder: false)
      count = try await followed.advance(policy: policy, &mirror) { _, _ in }
    }
    log = followed
    fetchedFiles = mirror.fetched
    if let checkpoint = log.checkpoint { try folder.place(checkpoint.bytes, at: "checkpoint") }
    removeNarrower(than: before?.size ?? 0)
    return count
  }

  private func keepEvidence(_ failure: AuditFailure, _ followed: FollowedLog) {
    guard let shown = followed.shown, let known = log.checkpoint, shown.bytes != known.bytes else { return }
    switch failure {
    case .forked, .shrunk:
      try? folder.place(shown.bytes, at: "conflict-\(failure.code)-shown")
      Console.note(
        "audit fetch: the checkpoint that was shown is kept as \(folder.path)/conflict-\(failure.code)-shown")
    default: break
    }
  }

  /// Partial files of the old size that a wider one replaces.
  private func removeNarrower(than old: UInt64) {
    let now = Set(TilePath.partials(ofSize: log.size))
    for path in TilePath.partials(ofSize: old) where !now.contains(path) { try? folder.remove(path.path) }
  }
}

/// Files of the log: those that are in the folder already, and those that are fetched into it.
private struct Mirror: LogSource {
  let folder: AuditFolder
  let remote: AuditSource
  let trustsFolder: Bool
  private(set) var fetched = 0
  private(set) var usedFolder = false

  init(folder: AuditFolder, remote: AuditSource, trustsFolder: Bool) {
    self.folder = folder
    self.remote = remote
    self.trustsFolder = trustsFolder
  }

  mutating func file(at path: String) async throws -> [UInt8]? {
    // A checkpoint is news; tiles and bundles never change.
    guard path != "checkpoint" else { return try await remote.file(at: path) }
    if trustsFolder, let kept = try folder.read(path) {
      usedFolder = true
      return kept
    }
    guard let bytes = try await remote.file(at: path) else { return nil }
    try folder.place(bytes, at: path)
    fetched += 1
    return bytes
  }
}
