import Bytes
import Fetch
import Platform
import SignedNotes
import Terminal
import TransparencyLog

/// What the verbs of `vouchsafe audit` share: whom to believe, where to read, how to end.
enum AuditOptions {
  static let vkey = Option("--vkey", value: "FILE", "the log's verifier key (C2SP vkey text)")
  static let policy = Option("--policy", value: "FILE", "witnesses that must have cosigned (C2SP tlog-policy)")
  static let openings = Option(
    "--openings", value: "FILE", "names of a private log, from vouchsafe audit reveal; each is checked")
  static let ca = Option("--ca", value: "FILE", "PEM certificates to believe the log's server by")

  static func key(_ arguments: Arguments) throws(Failure) -> NoteVerifierKey {
    try key(file: try arguments.required("--vkey"))
  }

  static func key(file path: String) throws(Failure) -> NoteVerifierKey {
    let text = String(decoding: try Console.readFile(path, limit: 4096), as: UTF8.self)
    do throws(NoteError) {
      return try NoteVerifierKey(vkey: text.hasSuffix("\n") ? String(text.dropLast()) : text)
    } catch {
      throw Failure(.malformed, "\(path): not a verifier key (\(error.code)); expected NAME+ID+BASE64 on one line")
    }
  }

  static func policy(_ arguments: Arguments) throws(Failure) -> QuorumPolicy? {
    guard let path = arguments.value("--policy") else { return nil }
    let bytes = try Console.readFile(path, limit: QuorumPolicy.limitBytes)
    do throws(NoteError) { return try QuorumPolicy(parsing: bytes) } catch {
      throw Failure(.malformed, "\(path): not a tlog-policy (\(error.code))")
    }
  }

  /// Checkpoints that an auditor kept, of this log by their signatures.
  static func known(_ arguments: Arguments, _ key: NoteVerifierKey) throws(Failure) -> [VerifiedCheckpoint] {
    var known: [VerifiedCheckpoint] = []
    for path in arguments.values("--known") {
      let bytes = try Console.readFile(path, limit: SignedNote.limitBytes)
      do throws(LogError) { known.append(try VerifiedCheckpoint(verifying: bytes, by: key)) } catch {
        throw Failure(.malformed, "\(path): not a checkpoint of this log (\(error.code))")
      }
    }
    return known
  }

  /// Whether the URL is plain HTTP to this machine itself.
  static func isLoopback(_ url: String) -> Bool {
    ["http://127.0.0.1", "http://[::1]", "http://localhost"].contains { prefix in
      url.hasPrefix(prefix) && [":", "/", nil].contains(url.dropFirst(prefix.count).first)
    }
  }

  static func source(_ place: String, _ arguments: Arguments) throws(Failure) -> AuditSource {
    if place.hasPrefix("https://") {
      var options = FetchOptions()
      options.caPEM = try arguments.value("--ca").map { path throws(Failure) in
        try Console.readFile(path, limit: 1 << 20)
      }
      return .server(FetchClient(options), base: place.hasSuffix("/") ? String(place.dropLast()) : place)
    }
    guard !place.contains("://") else { throw Failure(.usage, "\(place): only https:// and directories are read") }
    do throws(PlatformError) { return .directory(try DurableDirectory(path: place)) } catch {
      throw Failure(.unavailable, "\(place): \(error)")
    }
  }

  /// How a command ends after what an audit found or could not read.
  static func failure(_ error: any Error, _ place: String) -> Failure {
    switch error {
    case let failure as Failure: failure
    case AuditFailure.leaf: Failure(.malformed, "\(place): \(error)")
    case AuditFailure.outOfRange: Failure(.usage, "\(place): \(error)")
    case is AuditFailure: Failure(.integrity, "\(place): \(error); do not rely on this log")
    default: Failure(.unavailable, "\(place): \(error)")
    }
  }
}

/// Where an audited log is read: a directory as it is served, or a live server.
enum AuditSource: LogSource {
  case directory(DurableDirectory)
  case server(FetchClient, base: String)

  func file(at path: String) async throws -> [UInt8]? {
    switch self {
    case .directory(let directory): return try directory.read(file: path)
    case .server(let client, let base):
      let response = try await client.send(FetchRequest(method: "GET", url: "\(base)/\(path)"))
      switch response.status {
      case 200: return response.body
      case 404: return nil
      default: throw Failure(.unavailable, "\(base)/\(path): the server answered \(response.status)")
      }
    }
  }
}
