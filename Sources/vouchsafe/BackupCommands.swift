import Backup
import Bytes
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// The verbs of `vouchsafe backup`.
let backupCommands: [Command] = [
  Command(
    "backup create", arguments: "STATE OUT",
    "copy a broker's state into a new folder, also while the broker works; no key in plain text is in it",
    options: [
      Option("--key", value: "FILE", "signs what was copied (vouchsafe key create --purpose backup)"),
      Option("--without-evidence", "leave out what decisions were made from: they cannot be made again then"), .quiet,
      .output,
    ],
    example: "vouchsafe backup create /var/lib/vouchsafe /backup/2026-11-21 --key ops.key",
    run: { try BackupVerbs.create($0) }),
  Command(
    "backup verify", arguments: "BACKUP", "read every file of a copy, and recompute the log in it",
    options: [BackupVerbs.verifyKey, BackupVerbs.known, .quiet, .output],
    example: "vouchsafe backup verify /backup/2026-11-21 --verify-key ops.vkey",
    run: { try await BackupVerbs.verify($0) }),
  Command(
    "backup restore", arguments: "BACKUP STATE", "bring a broker's state back into a new folder, checked on the way",
    options: [
      BackupVerbs.verifyKey, BackupVerbs.known,
      Option(
        "--secrets", value: "DIR", "where what no copy holds is kept: keys/root.key, tls/key.pem, admin/*.key.pem"),
      .quiet, .output,
    ],
    example: "vouchsafe backup restore /backup/2026-11-21 /var/lib/vouchsafe --verify-key ops.vkey --secrets /safe",
    run: { try await BackupVerbs.restore($0) }),
]

enum BackupVerbs {
  static let verifyKey = Option("--verify-key", value: "FILE", "the verifier key of whoever made the copy")
  static let known = Option(
    "--known", value: "FILE", repeats: true,
    "a checkpoint that a witness or an auditor holds: a copy of an older log is refused")

  static func create(_ arguments: Arguments) throws(Failure) -> ExitCode {
    let words = try arguments.positional("STATE", "OUT")
    let format = try arguments.output()
    let path = try arguments.required("--key")
    let file = try KeyFile(reading: path)
    guard file.purpose == .backup, let signer = try? file.signer() else {
      throw Failure(.usage, "\(path) is a key for another purpose; make one with vouchsafe key create --purpose backup")
    }
    var meter = Meter("backup", arguments)
    let manifest = try step(words[1]) { () throws(BackupError) in
      let taker = try BackupTaker(state: words[0], includesEvidence: !arguments.flag("--without-evidence"))
      return try taker.take(into: words[1], signer: signer, at: .now) { meter.update($0, $1) }
    }
    meter.finish()
    report("copied", manifest, [("apart", .strings(manifest.apart))], format)
    if format == .text, !manifest.apart.isEmpty {
      Console.line("keep apart, because no copy holds them: \(manifest.apart.joined(separator: ", "))")
    }
    return .ok
  }

  static func verify(_ arguments: Arguments) async throws -> ExitCode {
    let path = try arguments.one(of: "BACKUP")
    let format = try arguments.output()
    let folder = try open(path, arguments)
    var meter = Meter("verify", arguments)
    do { try await folder.check(known: try known(arguments)) { meter.update($0, $1) } } catch let error as BackupError {
      throw failure(error, path)
    }
    meter.finish()
    report("intact", folder.manifest, [], format)
    return .ok
  }

  static func restore(_ arguments: Arguments) async throws -> ExitCode {
    let words = try arguments.positional("BACKUP", "STATE")
    let format = try arguments.output()
    let folder = try open(words[0], arguments)
    var meter = Meter("restore", arguments)
    let missing: [String]
    do {
      missing = try await folder.restore(
        into: words[1], secrets: arguments.value("--secrets"), known: try known(arguments)
      ) { meter.update($0, $1) }
    } catch let error as BackupError { throw failure(error, words[0]) }
    meter.finish()
    report("restored", folder.manifest, [("missing", .strings(missing))], format)
    guard format == .text else { return .ok }
    if !missing.isEmpty { Console.line("put back before it starts: \(missing.joined(separator: ", "))") }
    Console.line(
      "start it only where the broker that it was copied from is gone for good: one log, one writer; what that broker "
        + "decided after entry \(folder.manifest.size) is not in it")
    return .ok
  }

  private static func open(_ path: String, _ arguments: Arguments) throws(Failure) -> BackupFolder {
    let key = try AuditOptions.key(file: try arguments.required("--verify-key"))
    return try step(path) { () throws(BackupError) in try BackupFolder(path, key: key) }
  }

  /// By whichever log's key signed them: the copy says which log it is of.
  private static func known(_ arguments: Arguments) throws(Failure) -> [Checkpoint] {
    var known: [Checkpoint] = []
    for path in arguments.values("--known") {
      let bytes = try Console.readFile(path, limit: SignedNote.limitBytes)
      guard let note = try? SignedNote(parsing: bytes), let checkpoint = try? Checkpoint(parsing: note.text) else {
        throw Failure(.malformed, "\(path): not a checkpoint")
      }
      known.append(checkpoint)
    }
    return known
  }

  private static func report(
    _ verb: String, _ manifest: BackupManifest, _ more: [(String, JSONValue)], _ format: OutputFormat
  ) {
    let bytes = manifest.files.reduce(0) { $0 + $1.byteCount }
    guard format == .text else {
      return Console.json(
        .object(
          JSONObject(
            [
              ("log", .string(manifest.log)), ("size", .int(manifest.size)), ("time", .string(manifest.time.rfc3339)),
              ("evidence", .bool(manifest.hasEvidence)), ("files", .int(manifest.files.count)), ("bytes", .int(bytes)),
            ] + more)))
    }
    let entries = "\(manifest.size) \(manifest.size == 1 ? "entry" : "entries")"
    let evidence = manifest.hasEvidence ? "" : ", without evidence"
    Console.line(
      Console.printable(
        "\(verb): \(manifest.log), \(entries), of \(manifest.time.rfc3339); \(manifest.files.count) files, "
          + "\(bytes) bytes\(evidence)"))
  }

  private static func step<T>(_ path: String, _ body: () throws(BackupError) -> T) throws(Failure) -> T {
    do throws(BackupError) { return try body() } catch { throw failure(error, path) }
  }

  private static func failure(_ error: BackupError, _ path: String) -> Failure {
    let exit: ExitCode =
      switch error {
      case .notAState, .exists: .usage
      case .log, .blobAltered, .fileMissing, .fileAltered, .audit: .integrity
      case .malformed: .malformed
      case .signature: .invalid
      case .platform: .unavailable
      }
    switch error {
    case .signature, .malformed, .log, .audit: return Failure(exit, "\(path): \(error)")
    default: return Failure(exit, "\(error)")
    }
  }
}

/// Progress of which the end shows on the way.
private struct Meter {
  private let what: String
  private let isQuiet: Bool
  private var progress: Progress?

  init(_ what: String, _ arguments: Arguments) {
    self.what = what
    isQuiet = arguments.isQuiet
  }

  mutating func update(_ done: Int, _ total: Int) {
    guard total > 0 else { return }
    progress = progress ?? Progress(what, totalBytes: total, quiet: isQuiet)
    progress?.update(min(done, total))
  }

  func finish() { progress?.finish() }
}
