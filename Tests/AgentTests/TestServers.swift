import Bytes
import Cryptography
import Fetch
import Platform
import Transport

@testable import Agent

/// Serves what a fake answers, over a real socket.
struct ExchangeResponder: HTTPResponder {
  let exchange: Exchange

  func bodyLimit(for head: HTTPRequestHead) -> Int { 4 << 20 }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    let forwarded = FetchRequest(
      method: request.method.rawValue, url: "http://server.test\(request.path)\(query.isEmpty ? "" : "?" + query)",
      headers: request.headers.first("cookie").map { [("Cookie", $0)] } ?? [], body: request.body)
    guard let answer = try? await exchange(forwarded) else { return HTTPResponse(status: 500) }
    return HTTPResponse(status: answer.status, headers: answer.headers.map { ($0.name, $0.value) }, body: answer.body)
  }

  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse { HTTPResponse(status: status) }
}

/// A broker and a guest on the loopback interface for the length of a test.
struct TestServers {
  let certificatePEM: [UInt8]
  let brokerPort: Int
  let guestPort: Int

  static func with(
    broker: @escaping Exchange, guest: @escaping Exchange, _ body: (TestServers) async throws -> Void
  ) async throws {
    let key = P256SigningKey.generate()
    let certificate = try SelfSignedCertificate.make(
      commonName: "test", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], key: key,
      notBefore: .now.adding(.seconds(-60)),
      notAfter: .now.adding(.seconds(3600)), serial: [1])
    let certificatePEM = Array(PEM.encode("CERTIFICATE", certificate).utf8)
    var der = key.pkcs8().withBytes { span in unsafe span.withUnsafeBytes { unsafe Array($0) } }
    var keyPEM = Array(PEM.encode("PRIVATE KEY", der).utf8)
    der = []
    let identity = try TLSIdentity(certificatePEM: certificatePEM, erasingKeyPEM: &keyPEM)
    let first = try HTTPServer(ServerConfiguration(tls: identity), responder: ExchangeResponder(exchange: broker))
    let second = try HTTPServer(ServerConfiguration(tls: nil), responder: ExchangeResponder(exchange: guest))
    let servers = TestServers(
      certificatePEM: certificatePEM, brokerPort: first.boundPort, guestPort: second.boundPort)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await first.run() }
      group.addTask { try await second.run() }
      defer { group.cancelAll() }
      try await body(servers)
    }
  }
}
