import Bytes
import Platform
import SignedNotes
import Terminal
import TransparencyLog
import Transport

/// `vouchsafe audit witness`: countersigns checkpoints of the logs it watches, as C2SP tlog-witness says.
enum AuditWitness {
  static let command = Command(
    "audit witness", "countersign a log's checkpoints, and never two histories (C2SP tlog-witness)",
    options: [
      Option("--key", value: "FILE", "the witness's key (vouchsafe key create --purpose witness)"),
      Option("--log", value: "FILE", repeats: true, "the verifier key of a log to watch"),
      Option("--policy", value: "FILE", "a tlog-policy whose log lines name the logs to watch"),
      Option("--state", value: "DIR", "what was signed last; made when absent, never to be put back from a copy"),
      Option("--listen", value: "HOST:PORT", "where logs call (default 127.0.0.1:8480; port 0: any)"),
      Option("--tls-cert", value: "FILE", "PEM certificate chain; without one only loopback addresses are served"),
      Option("--tls-key", value: "FILE", "its private key, PEM"),
    ],
    example: "vouchsafe audit witness --key w1.key --log log.vkey --state /var/lib/witness --listen 127.0.0.1:8480",
    run: { try await run($0) })

  private static func run(_ arguments: Arguments) async throws -> ExitCode {
    _ = try arguments.positional()
    let cosigner = try cosigner(arguments)
    let logs = try logs(arguments)
    let state = try open(try arguments.required("--state"), of: cosigner.verifierKey)
    let witness: Witness
    do throws(Witness.StartFailure) {
      witness = try Witness(cosigner: cosigner, logs: logs, store: state)
    } catch { throw failure(error, state.path) }
    let server = try server(arguments, WitnessEndpoint(keeper: WitnessKeeper(witness)))
    let scheme = arguments.value("--tls-cert") == nil ? "http" : "https"
    let host = try address(arguments).host
    Console.line("witness \(cosigner.verifierKey.text)")
    Console.line("ready \(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(server.boundPort)")
    do throws(TransportError) { try await server.run() } catch {
      throw Failure(.unavailable, "cannot serve: \(error.code)")
    }
    return .ok
  }

  private static func cosigner(_ arguments: Arguments) throws(Failure) -> NoteCosigner {
    let path = try arguments.required("--key")
    let file = try KeyFile(reading: path)
    guard file.purpose == .witness else {
      throw Failure(
        .usage, "\(path) is a key for another purpose; make one with vouchsafe key create --purpose witness")
    }
    do throws(NoteError) { return try NoteCosigner(name: file.name, key: file.key) } catch {
      throw Failure(.malformed, "\(path): \(error.code)")
    }
  }

  private static func logs(_ arguments: Arguments) throws(Failure) -> [NoteVerifierKey] {
    var keys = try AuditOptions.policy(arguments)?.logs.map(\.key) ?? []
    for path in arguments.values("--log") { keys.append(try AuditOptions.key(file: path)) }
    guard !keys.isEmpty else { throw Failure(.usage, "audit witness: which logs? give --log FILE or --policy FILE") }
    guard keys.allSatisfy({ $0.algorithm == .ed25519 }) else {
      throw Failure(.usage, "audit witness: --log takes a log's key, not a witness's")
    }
    return keys
  }

  /// The state of this key's, or a new one. A folder that was in use and lost its name is not begun anew.
  private static func open(_ path: String, of key: NoteVerifierKey) throws(Failure) -> AuditFolder {
    let wasThere = SmallFile.exists("\(path)/LOCK")
    let folder = try AuditFolder(path, creating: true)
    try folder.lock()
    let mark = Array((key.text + "\n").utf8)
    let found: [UInt8]?
    do throws(PlatformError) { found = try folder.read("witness") } catch { throw Failure(.usage, "\(path): \(error)") }
    guard found == nil || found == mark else { throw Failure(.usage, "\(path) is the state of another witness key") }
    guard found != nil || !wasThere else {
      throw Failure(.integrity, "\(path) has lost its file witness: what was signed is unknown; restore it")
    }
    do throws(PlatformError) { if found == nil { try folder.place(mark, at: "witness") } } catch {
      throw Failure(.usage, "\(path): \(error)")
    }
    return folder
  }

  private static func failure(_ error: Witness.StartFailure, _ path: String) -> Failure {
    switch error {
    case .unreadable(let name): Failure(.unavailable, "\(path)/\(name) cannot be read")
    case .damaged(let name):
      Failure(
        .integrity,
        "\(path)/\(name) is not a checkpoint that the log and this witness signed; restore it, or a second "
          + "history could be signed")
    case .duplicateLog(let origin): Failure(.usage, "the log \(origin) is named twice")
    }
  }

  private static func address(_ arguments: Arguments) throws(Failure) -> (host: String, port: UInt16) {
    let text = arguments.value("--listen") ?? "127.0.0.1:8480"
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw Failure(.usage, "audit witness: --listen takes HOST:PORT")
    }
    let host = String(text[..<colon])
    return (host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host, port)
  }

  private static func server(_ arguments: Arguments, _ endpoint: WitnessEndpoint) throws(Failure) -> HTTPServer {
    let (host, port) = try address(arguments)
    let identity = try identity(arguments)
    guard identity != nil || host == "::1" || host == "localhost" || host.hasPrefix("127.") else {
      throw Failure(.usage, "audit witness: plain HTTP is for loopback addresses only; give --tls-cert and --tls-key")
    }
    do throws(TransportError) {
      return try HTTPServer(ServerConfiguration(host: host, port: port, tls: identity), responder: endpoint)
    } catch { throw Failure(.usage, "audit witness: cannot listen on \(host):\(port) (\(error.code))") }
  }

  private static func identity(_ arguments: Arguments) throws(Failure) -> TLSIdentity? {
    guard let path = arguments.value("--tls-cert") else { return nil }
    let certificate = try Console.readFile(path, limit: 1 << 20)
    let keyPath = try arguments.required("--tls-key")
    do {
      var key = try SmallFile.read(keyPath, limitBytes: 1 << 16)
      return try TLSIdentity(certificatePEM: certificate, erasingKeyPEM: &key)
    } catch { throw Failure(.usage, "audit witness: \(path) and \(keyPath) cannot be used: \(error)") }
  }
}

extension AuditFolder: WitnessStore {
  func replace(_ name: String, with bytes: [UInt8]) throws { try place(bytes, at: name) }
}
