import Bytes
import Glibc
import Testing
import Transport

/// Answers what its closures say; by default the request's own body, or what is known of it.
struct TestResponder: HTTPResponder {
  var limit: @Sendable (HTTPRequestHead) -> Int = { _ in 1 << 20 }
  var early: @Sendable (HTTPRequestHead) -> HTTPResponse? = { _ in nil }
  var answer: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
    HTTPResponse(status: 200, body: request.body.isEmpty ? Array(request.path.utf8) : request.body)
  }

  func bodyLimit(for head: HTTPRequestHead) -> Int { limit(head) }
  func earlyAnswer(to head: HTTPRequestHead) -> HTTPResponse? { early(head) }
  func respond(to request: HTTPRequest) async -> HTTPResponse { await answer(request) }
  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse {
    HTTPResponse(
      status: status, body: Array("{\"type\":\"test\",\"detail\":\"\(reason.code)\"}".utf8),
      contentType: "application/json")
  }
}

/// Runs a server for as long as `body` does, and sees to it that it ends.
func withServer(
  _ responder: TestResponder = TestResponder(), tls: TLSIdentity? = nil, clients: ClientCertificates = .none,
  names: [String] = [], limits: ServerLimits = ServerLimits(),
  _ body: (HTTPServer) async throws -> Void
) async throws {
  let configuration = ServerConfiguration(
    tls: tls, clientCertificates: clients, serverNames: names, limits: limits)
  let server = try HTTPServer(configuration, responder: responder)
  let running = Task { try await server.run() }
  do {
    try await body(server)
  } catch {
    running.cancel()
    _ = await running.result
    throw error
  }
  running.cancel()
  try await running.value
  #expect(server.load.connections == 0)
  #expect(server.load.handshakes == 0)
  #expect(server.load.bufferedBytes == 0)
}

func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
  var limits = ServerLimits()
  change(&limits)
  return limits
}

/// A folder of certificates made for this run by the `openssl` program, removed at exit.
enum TestCertificates {
  static let folder: String = {
    var template = Array("/tmp/vouchsafe-transport-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template)
    precondition(unsafe made != nil, "tests need a writable /tmp")
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    atexit { _ = unsafe system("rm -rf '\(TestCertificates.folder)'") }
    return path
  }()

  /// Runs a shell command in the folder; whether it succeeded.
  @discardableResult static func shell(_ command: String) -> Bool {
    unsafe system("cd '\(folder)' && ( \(command) ) >/dev/null 2>&1 </dev/null") == 0
  }

  static func read(_ name: String) throws -> [UInt8] {
    let file = unsafe fopen("\(folder)/\(name)", "re")
    guard let file = unsafe file else { throw CertificateMissing(name: name) }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 64 * 1024)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
  }

  struct CertificateMissing: Error { let name: String }

  /// Makes NAME.pem and NAME.key, self-signed.
  static func make(_ name: String, key: String = "ec:P-256", extra: String = "-days 2") -> Bool {
    let algorithm = key.hasPrefix("ec:") ? "ec -pkeyopt ec_paramgen_curve:\(key.dropFirst(3))" : key
    return shell(
      "openssl req -x509 -newkey \(algorithm) -nodes -keyout \(name).key -out \(name).pem -subj /CN=\(name) "
        + "-addext subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:\(name).example,DNS:*.wild.example \(extra)")
  }

  static let isMade: Bool = {
    let issued =
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf && "
      + "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > leaf.ext && "
      + "openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile leaf.ext "
      + "-out leaf.only.pem && cat leaf.only.pem root.pem > leaf.pem && cat leaf.only.pem other.pem > broken.pem"
    return make("server") && make("other") && make("client") && make("weak", key: "rsa:1024") && make("root")
      && shell(issued)
  }()

  static func identity(_ name: String) throws -> TLSIdentity {
    try #require(isMade)
    var key = try read("\(name).key")
    return try TLSIdentity(certificatePEM: try read("\(name).pem"), erasingKeyPEM: &key)
  }

  /// SHA-256 of the SubjectPublicKeyInfo, as `openssl` has it.
  static func pin(_ name: String) throws -> [UInt8] {
    try #require(isMade)
    // Tests run side by side, so each has a file of its own.
    let file = "\(name).\(UInt32.random(in: 0...UInt32.max)).pin"
    try #require(
      shell(
        "openssl x509 -in \(name).pem -pubkey -noout | openssl pkey -pubin -outform DER | "
          + "openssl dgst -sha256 -binary > \(file)"))
    return try read(file)
  }
}
