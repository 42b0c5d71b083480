import Appraisal
import Bytes
import Fetch
import KBSProtocol
import Terminal

/// The administrators' listener of a broker, reached with a client certificate.
struct BrokerConnection {
  private let base: String
  private let operatorClient: FetchClient
  private let providerClient: FetchClient
  private let auditorClient: FetchClient

  init(_ settings: ClientSettings) throws(Failure) {
    guard let admin = settings.admin, let certificate = settings.clientCertificate, let key = settings.clientKey else {
      let what =
        settings.admin == nil ? "which broker" : "the administrator's certificate and key for \(settings.admin ?? "")"
      throw Failure(
        .usage,
        "\(what)? give --state DIR or VOUCHSAFE_CONFIG=DIR/client.json (vouchsafe-broker init writes it), "
          + "or --admin URL --ca FILE --client-cert FILE --client-key FILE")
    }
    base = admin.hasSuffix("/") ? String(admin.dropLast()) : admin
    let authority: [UInt8]? = if let ca = settings.ca { try Console.readFile(ca, limit: 1 << 20) } else { nil }
    func client(_ credential: ClientSettings.Credential?) -> FetchClient {
      FetchClient(
        FetchOptions(
          caPEM: authority, clientCertificatePath: credential?.certificate ?? certificate,
          clientKeyPath: credential?.key ?? key, maxBody: 16 << 20))
    }
    operatorClient = client(nil)
    providerClient = client(settings.provider)
    auditorClient = client(settings.auditor)
  }

  /// Whose certificate a call takes: keys are the provider's, evidence and names are the auditor's.
  private func client(for method: String, _ path: String) -> FetchClient {
    if method != "GET", path.hasPrefix("/v1/keys") { return providerClient }
    return path.hasPrefix("/v1/evidence") || path.hasPrefix("/v1/openings") ? auditorClient : operatorClient
  }

  init(_ arguments: Arguments) throws(Failure) { try self.init(try ClientSettings(arguments)) }

  func get(_ path: String) async throws(Failure) -> JSONValue { try await send("GET", path, nil) }
  func post(_ path: String, _ body: [UInt8]) async throws(Failure) -> JSONValue { try await send("POST", path, body) }
  func put(_ path: String, _ body: [UInt8]) async throws(Failure) -> JSONValue { try await send("PUT", path, body) }
  func delete(_ path: String) async throws(Failure) -> JSONValue { try await send("DELETE", path, nil) }

  private func send(_ method: String, _ path: String, _ body: [UInt8]?) async throws(Failure) -> JSONValue {
    let response: FetchResponse
    do throws(FetchError) {
      response = try await client(for: method, path).send(
        FetchRequest(method: method, url: base + path, body: body))
    } catch { throw Failure(error.isRetryable ? .unavailable : .usage, "\(base): \(Self.advice(error))") }
    guard response.status == 200 else { throw Self.failure(base + path, response) }
    do throws(ParseError) {
      return try StrictJSON.parse(response.body, limits: StrictJSON.Limits(depth: 32, tokens: 1_000_000))
    } catch { throw Failure(.malformed, "\(base)\(path): the answer is not JSON: \(error)") }
  }

  static func advice(_ error: FetchError) -> String {
    switch error {
    case .unreachable: "nothing listens there; is the broker running, and is this its administrators' address?"
    case .tlsUntrusted: "the server's certificate does not lead to the given --ca"
    case .tlsMisconfigured: "the client certificate, its key or the --ca file cannot be used"
    case .badURL: "not an https URL"
    default: error.code
    }
  }

  /// One line and the exit status of an answer that is not a success.
  private static func failure(_ url: String, _ response: FetchResponse) -> Failure {
    let body = try? ErrorBody(parsing: response.body)
    let detail = body.map { "\($0.detail)\($0.code.map { " (\($0))" } ?? "")" } ?? "HTTP status \(response.status)"
    let exit: ExitCode =
      switch response.status {
      case 400, 413: .malformed
      case 401, 403, 409: exit(of: body?.code)
      case 404: .usage
      default: .unavailable
      }
    return Failure(exit, "\(url): \(detail)")
  }

  /// A refused statement may be out of date, or not be what was signed; all else that is refused is refused by policy.
  private static func exit(of code: String?) -> ExitCode {
    switch code {
    case "statementExpired": .stale
    case "statementBodyMismatch", "noteSignatureInvalid": .invalid
    default: .refused
    }
  }
}
