import Bytes
import KBSProtocol
import Platform
import Replay
import Terminal
import TransparencyLog

/// `vouchsafe audit replay`: decisions made again from what was stored with them.
///
/// Ends with 6 when anything differs, else with 7 when something that is needed was removed since.
enum AuditReplay {
  static let log = Option("--log", value: "DIR|URL", "the log that holds the decision")
  static let evidence = Option("--evidence", value: "DIR", "the broker's evidence folder, or a copy of it")

  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    let place = try arguments.required("--log")
    let format = try arguments.output()
    let auditor = Auditor(key: try AuditOptions.key(arguments), policy: try AuditOptions.policy(arguments))
    var source = try AuditOptions.source(place, arguments)
    var blobs = try EvidenceFolder(try arguments.required("--evidence"))
    var tally = ReplayTally()
    let openings = try AuditReveal.openings(arguments)
    do {
      if arguments.flag("--all") {
        _ = try arguments.positional()
        try await all(auditor, openings, &source, &blobs, &tally)
      } else {
        let index = try index(try arguments.one(of: "INDEX"))
        try await one(index, auditor, openings, &source, &blobs, &tally)
      }
    } catch let error as ParseError {
      throw unreadable(error, place)
    } catch ReplayError.notADecision {
      throw Failure(.usage, "\(place): the entry is no decision; vouchsafe audit show prints it")
    } catch { throw AuditOptions.failure(error, place) }
    tally.show(format)
    return tally.exit
  }

  private static func index(_ text: String) throws(Failure) -> UInt64 {
    guard let index = UInt64(text), String(index) == text else {
      throw Failure(
        .usage, "\(text): INDEX is a number from 0 on; a decision that is not in the log cannot be replayed")
    }
    return index
  }

  static func unreadable(_ error: ParseError, _ place: String) -> Failure {
    guard error == LogLeaf.privateName else { return Failure(.malformed, "\(place): not a leaf of this log: \(error)") }
    return Failure(
      .usage, "\(place): its names are private; have them from vouchsafe audit reveal, then give --openings FILE")
  }

  private static func one(
    _ index: UInt64, _ auditor: Auditor, _ openings: NameOpenings?, _ source: inout AuditSource,
    _ blobs: inout EvidenceFolder, _ tally: inout ReplayTally
  ) async throws {
    let leaf = try LogLeaf(parsing: try await auditor.entry(at: index, &source), openings: openings)
    var replayer = Replayer()
    do {
      let made = try await replayer.replay(leaf, &blobs)
      tally.take(index, leaf, made.differences.isEmpty ? .same : .different(made.differences))
    } catch let error as MissingBlob {
      tally.take(index, leaf, .evidenceExpired(error))
    } catch let error as ReplayError where error != .notADecision {
      tally.take(index, leaf, .fault(code: error.code, error.description))
    }
  }

  private static func all(
    _ auditor: Auditor, _ openings: NameOpenings?, _ source: inout AuditSource, _ blobs: inout EvidenceFolder,
    _ tally: inout ReplayTally
  ) async throws {
    var examiner = Examiner(openings: openings)
    // Nothing is shown before the whole log was found to be what its key signed.
    _ = try await auditor.audit(&source) { entry, index in
      let found = try await examiner.examine(entry, at: index, &blobs)
      tally.take(index, found.leaf, found.outcome)
    }
  }
}

/// A broker's evidence folder: each blob under its SHA-256.
struct EvidenceFolder: BlobSource {
  private let directory: DurableDirectory

  init(_ path: String) throws(Failure) {
    do throws(PlatformError) { directory = try DurableDirectory(path: path) } catch {
      throw Failure(.unavailable, "\(path): \(error)")
    }
  }

  func blob(_ digest: [UInt8]) throws(Failure) -> [UInt8]? {
    let name = Hex.encode(digest)
    do throws(PlatformError) { return try directory.read(file: "\(name.prefix(2))/\(name)") } catch {
      throw Failure(.unavailable, "evidence \(name): \(error)")
    }
  }
}
