import Bytes
import Fetch
import Glibc
import Testing
import Transport

struct TLSTests {
  private func client(_ change: (inout FetchOptions) -> Void = { _ in }, ca: String? = "server") throws -> FetchClient {
    try #require(TestCertificates.isMade)
    var options = FetchOptions(timeout: .seconds(8))
    if let ca { options.caPEM = try TestCertificates.read("\(ca).pem") }
    change(&options)
    return FetchClient(options)
  }

  private func url(_ server: HTTPServer, _ path: String = "/") -> String {
    "https://localhost:\(server.boundPort)\(path)"
  }

  @Test func requestsTravelOverTLS() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let client = try client()
      for _ in 0..<3 {
        let answer = try await client.send(FetchRequest(url: url(server, "/a/b")))
        #expect(answer.status == 200)
        #expect(answer.body == Array("/a/b".utf8))
        #expect(answer.header("cache-control") == "no-store")
        #expect(answer.header("server") == nil)
      }
      #expect(server.load.accepted == 1)
      let large = [UInt8](repeating: 0x62, count: 1_000_000)
      let echoed = try await client.send(FetchRequest(method: "POST", url: url(server), body: large))
      #expect(echoed.body == large)
    }
  }

  @Test func aBodyTooLargeIsRefusedOverTLSToo() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(TestResponder(limit: { _ in 1000 }), tls: identity) { server in
      let body = [UInt8](repeating: 0x62, count: 3_000_000)
      let answer = try await client().send(FetchRequest(method: "PUT", url: url(server), body: body))
      #expect(answer.status == 413)
    }
  }

  @Test func aClientTrustsItsAuthorityAlone() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let request = FetchRequest(url: url(server))
      for ca in ["other", nil] {
        await #expect(throws: FetchError.tlsUntrusted) { try await client(ca: ca).send(request) }
      }
      let byAddress = FetchRequest(url: "https://127.0.0.2:\(server.boundPort)/")
      await #expect(throws: FetchError.unreachable) { try await client().send(byAddress) }
      let pin = try TestCertificates.pin("server")
      let pinned = try await client({ $0.pinnedKey = pin }).send(request)
      #expect(pinned.status == 200)
      let wrong = try TestCertificates.pin("other")
      await #expect(throws: FetchError.tlsUntrusted) { try await client({ $0.pinnedKey = wrong }).send(request) }
    }
  }

  @Test func aCertificateForAnotherNameIsNotTrusted() async throws {
    // The authority is right, the certificate is the authority's own, but names neither localhost nor 127.0.0.1.
    try #require(
      TestCertificates.shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout elsewhere.key -out elsewhere.pem "
          + "-subj /CN=localhost -addext subjectAltName=DNS:elsewhere.example -days 2"))
    let identity = try TestCertificates.identity("elsewhere")
    try await withServer(tls: identity) { server in
      await #expect(throws: FetchError.tlsUntrusted) {
        try await client(ca: "elsewhere").send(FetchRequest(url: url(server)))
      }
    }
  }

  @Test func aChainIsSentWhole() async throws {
    let identity = try TestCertificates.identity("leaf")
    try await withServer(tls: identity) { server in
      let answer = try await client(ca: "root").send(FetchRequest(url: url(server)))
      #expect(answer.status == 200)
    }
  }

  @Test(arguments: [
    ("-tls1_3", true), ("-tls1_2", false), ("-alpn http/1.1", true), ("-alpn h2,http/1.1", true), ("-alpn h2", false),
    ("-groups X25519", true), ("-groups P-256", true), ("-groups P-384", true), ("-groups P-521", false),
    ("-ciphersuites TLS_AES_128_GCM_SHA256", true), ("-ciphersuites TLS_CHACHA20_POLY1305_SHA256", true),
    ("-ciphersuites TLS_AES_128_CCM_SHA256", false),
  ])
  func onlyTheChosenProtocolsAreSpoken(option: String, isSpoken: Bool) async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let command = "timeout 8 openssl s_client -connect 127.0.0.1:\(server.boundPort) \(option)"
      let succeeded = try await raw { TestCertificates.shell(command) }
      #expect(succeeded == isSpoken)
    }
  }

  @Test func noSessionCanBeResumed() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let command =
        "(printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n'; sleep 0.5) | "
        + "timeout 8 openssl s_client -connect 127.0.0.1:\(server.boundPort) -sess_out ticket.pem -quiet > ticket.txt; "
        + "grep -q '200 OK' ticket.txt && test ! -s ticket.pem"
      let hasNone = try await raw { TestCertificates.shell(command) }
      #expect(hasNone)
    }
  }

  // MARK: client certificates

  private let tellKey = TestResponder(answer: { HTTPResponse(status: 200, body: $0.clientKey ?? [0]) })

  private func withKey(_ options: inout FetchOptions, _ name: String) {
    options.clientCertificatePath = "\(TestCertificates.folder)/\(name).pem"
    options.clientKeyPath = "\(TestCertificates.folder)/\(name).key"
  }

  @Test func aClientIsKnownByItsKey() async throws {
    let identity = try TestCertificates.identity("server")
    for clients in [ClientCertificates.optional, .required] {
      try await withServer(tellKey, tls: identity, clients: clients) { server in
        let request = FetchRequest(url: url(server))
        let byFile = try await client({ withKey(&$0, "client") }).send(request)
        #expect(byFile.body == (try TestCertificates.pin("client")))
        let certificate = try TestCertificates.read("other.pem")
        let key = try TestCertificates.read("other.key")
        let byBytes = try await client({
          $0.clientCertificatePEM = certificate
          $0.clientKeyPEM = key
        }).send(request)
        #expect(byBytes.body == (try TestCertificates.pin("other")))
      }
    }
  }

  @Test func aClientWithoutCertificateIsLetInOnlyWhereThatIsOptional() async throws {
    let identity = try TestCertificates.identity("server")
    for clients in [ClientCertificates.none, .optional] {
      try await withServer(tellKey, tls: identity, clients: clients) { server in
        let anonymous = try await client().send(FetchRequest(url: url(server))).body
        #expect(anonymous == [0])
      }
    }
    try await withServer(tellKey, tls: identity, clients: .required) { server in
      await #expect(throws: FetchError.self) { try await client().send(FetchRequest(url: url(server))) }
    }
  }

  @Test func aServerThatAsksNobodySeesNoKey() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tellKey, tls: identity) { server in
      let unasked = try await client({ withKey(&$0, "client") }).send(FetchRequest(url: url(server))).body
      #expect(unasked == [0])
    }
  }

  @Test func aWeakClientKeyIsRefused() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tellKey, tls: identity, clients: .optional) { server in
      let command =
        "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | timeout 8 openssl s_client "
        + "-connect 127.0.0.1:\(server.boundPort) -cert weak.pem -key weak.key -cipher DEFAULT@SECLEVEL=0 -ign_eof "
        + "> weak.txt; ! grep -q '200 OK' weak.txt"
      let isRefused = try await raw { TestCertificates.shell(command) }
      #expect(isRefused)
    }
  }

  // MARK: identities

  @Test func anIdentityKnowsItsNamesAndItsEnd() throws {
    let identity = try TestCertificates.identity("server")
    #expect(identity.names == ["localhost", "127.0.0.1", "server.example", "*.wild.example"])
    let now = Timestamp(seconds: Int64(time(nil)))
    #expect(identity.notAfter > now.adding(.seconds(47 * 3600)))
    #expect(identity.notAfter < now.adding(.seconds(49 * 3600)))
  }

  private func identity(_ certificate: String, _ key: String, now: Timestamp? = nil) throws -> TLSIdentity {
    var bytes = try TestCertificates.read(key)
    defer { #expect(bytes.isEmpty) }
    return try TLSIdentity(
      certificatePEM: try TestCertificates.read(certificate), erasingKeyPEM: &bytes, now: now)
  }

  @Test func identitiesThatDoNotHoldTogetherAreRefused() throws {
    try #require(TestCertificates.isMade)
    try #require(
      TestCertificates.shell(
        "openssl pkey -in server.key -aes128 -passout pass:x -out locked.key && : > empty.pem && "
          + "(cat server.pem; printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n') > torn.pem"
      ))
    let now = Int64(time(nil))
    for (certificate, key, error) in [
      ("server.pem", "other.key", .tlsKeyMismatch), ("weak.pem", "weak.key", .tlsKeyWeak),
      ("broken.pem", "leaf.key", .tlsChainBroken), ("server.key", "server.key", .tlsCertificateMalformed),
      ("empty.pem", "server.key", .tlsCertificateMalformed), ("torn.pem", "server.key", .tlsCertificateMalformed),
      ("server.pem", "server.pem", .tlsKeyMalformed), ("server.pem", "empty.pem", .tlsKeyMalformed),
      ("server.pem", "locked.key", .tlsKeyMalformed),
    ] as [(String, String, TransportError)] {
      #expect(throws: error, "\(certificate) \(key)") { try identity(certificate, key) }
    }
    let later = Timestamp(seconds: now + 3 * 86400)
    #expect(throws: TransportError.tlsExpired) { try identity("server.pem", "server.key", now: later) }
    let sooner = Timestamp(seconds: now - 86400)
    #expect(throws: TransportError.tlsNotYetValid) { try identity("server.pem", "server.key", now: sooner) }
  }

  @Test func aNewCertificateServesNewConnectionsAndLeavesOldOnesAlone() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let old = try client()
      let before = try await old.send(FetchRequest(url: url(server))).status
      #expect(before == 200)
      try server.reload(tls: TestCertificates.identity("other"))
      let kept = try await old.send(FetchRequest(url: url(server))).status
      #expect(kept == 200)
      #expect(server.load.accepted == 1)
      await #expect(throws: FetchError.tlsUntrusted) { try await client().send(FetchRequest(url: url(server))) }
      let request = FetchRequest(url: url(server), headers: [("Host", "other.example")])
      let fresh = try await client(ca: "other").send(request).status
      #expect(fresh == 200)
      let former = FetchRequest(url: url(server), headers: [("Host", "server.example")])
      let outdated = try await client(ca: "other").send(former).status
      #expect(outdated == 421)
    }
  }

  @Test func aPlainServerHasNoCertificateToReplace() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer { server in
      #expect(throws: TransportError.tlsNotInUse) { try server.reload(tls: identity) }
    }
  }

  @Test func plainTextOnATLSPortIsNotAnswered() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity) { server in
      let reply = try await conversation(server.boundPort, Array(HTTPServerTests.get.utf8))
      #expect(reply?.has("HTTP/1.1") != true)
    }
  }
}
