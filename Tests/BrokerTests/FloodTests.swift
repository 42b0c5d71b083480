import Bytes
import Cryptography
import KBSProtocol
import SimulatedTEE
import Testing
import TransparencyLog
import Transport

@testable import Broker

/// Whatever a stranger sends, the log grows by one leaf a minute at most, and that leaf counts it all.
@Test func aHundredThousandRefusalsAreOneLeafAMinute() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  var pod = Pod()
  _ = try await pod.open(bench)
  let cookie = [("Cookie", CookieHeader.cookie(try #require(pod.cookie)))]
  let garbage: [(String, [(String, String)], [UInt8])] = [
    ("nonceSpent", cookie, [0x7B]), ("credentialMissing", [], [0x7B]),
    ("credentialInvalid", [("Cookie", CookieHeader.cookie("v1.AAAA"))], [0x7B]),
  ]
  _ = try await pod.attest(bench, Array("{}".utf8))
  let before = await bench.broker.log.size
  let (rounds, minutes) = (33_333, 3)
  for _ in 0..<minutes {
    for _ in 0..<(rounds / minutes) {
      for (code, headers, body) in garbage {
        let answer = try await bench.call(.post, "/kbs/v0/attest", headers: headers, body: body)
        if answer.status != 401 || answer.code != code { Issue.record("\(answer.status) \(answer.code ?? "")") }
      }
    }
    await bench.broker.writeDenySummary()
    bench.advance(.seconds(60))
  }
  #expect(await bench.broker.log.size == before + UInt64(minutes))
  let summaries = try await bench.entries().suffix(minutes)
  for (code, _, _) in garbage {
    let counted = summaries.compactMap { $0["reasons"]?[code]?["count"]?.integer(UInt64.self) }.reduce(0, +)
    #expect(counted == UInt64(rounds / minutes * minutes), "\(code)")
  }
}

@Test func everyCheapRefusalIsCounted() async throws {
  let bench = try await Bench.make(.init(rate: 30))
  #expect(try await bench.approve(bundle()).status == 200)
  func attest(_ edit: (inout Pod) throws -> [UInt8]) async throws -> HTTPResponse {
    var pod = Pod()
    _ = try await pod.open(bench)
    return try await pod.attest(bench, try edit(&pod))
  }
  _ = try await attest { _ in Array("{".utf8) }
  _ = try await attest { pod in
    pod.nonce = Base64.encode([UInt8](repeating: 1, count: 32))
    return try pod.attestation().encoded()
  }
  _ = try await attest { pod in
    pod.cookie = nil
    return try pod.attestation().encoded()
  }
  _ = try await attest { pod in
    pod.tee.patches = [0x2A0: [UInt8](repeating: 1, count: 48)]
    return try pod.attestation().encoded()
  }
  _ = try await bench.call(
    .post, "/kbs/v0/auth", body: Array(#"{"version":"0.1.1","tee":"snp","extra-params":""}"#.utf8))
  _ = try await Pod().fetch(bench)
  _ = try await bench.call(.get, "/kbs/v0/nothing")
  _ = KBSEndpoint(broker: bench.broker).failure(status: 400, reason: .fieldMalformed)
  for _ in 0..<40 { _ = try await bench.call(.post, "/kbs/v0/auth", body: []) }
  await bench.broker.writeDenySummary()
  let reasons = try #require(try await bench.entries().last?["reasons"]?.objectValue)
  for code in [
    "malformed", "nonceMismatch", "credentialMissing", "signatureInvalid", "unsupportedVersion", "unknownRoute",
    "rateLimited", HTTPFailure.fieldMalformed.code,
  ] {
    #expect(reasons[code]?["count"]?.integer(UInt64.self) ?? 0 > 0, "\(code): \(reasons.keys)")
  }
  let metrics = String(decoding: try await bench.call(.get, "/metrics").body, as: UTF8.self)
  #expect(metrics.contains(#"vouchsafe_refusals_total{code="nonceMismatch"} 1"#))
}

@Test func anAddressHasABucketForItsHandshakesAndOneForTheirAnswers() async throws {
  #expect((BrokerConfiguration().attestRate, BrokerConfiguration().attestBurst) == (5, 20))
  let bench = try await Bench.make(.init(rate: 3))
  var opened = 0
  for _ in 0..<10 {
    var pod = Pod()
    if try await pod.open(bench).status == 200 { opened += 1 }
  }
  #expect(opened == 3)
  let answers = try await (0..<5).asyncMap { _ in try await bench.call(.post, "/kbs/v0/attest").status }
  #expect(answers == [401, 401, 401, 429, 429])
}

@Test func onlyATrustedProxySaysWhoseRequestItIs() throws {
  let proxies = try ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map { try AddressRange(parsing: $0) }
  let trusting = ClientAddresses(trusting: proxies)
  func bucket(_ header: String?, _ addresses: ClientAddresses) throws -> [UInt8] {
    addresses.bucket(of: try HTTPRequest(.get, "/", headers: header.map { [("X-Forwarded-For", $0)] } ?? []))
  }
  let peer: [UInt8] = [127, 0, 0, 1]
  #expect(try bucket("192.0.2.7", ClientAddresses(trusting: [])) == peer)
  #expect(try bucket("192.0.2.7", ClientAddresses(trusting: [try AddressRange(parsing: "127.0.0.2")])) == peer)
  #expect(try bucket("192.0.2.7", trusting) == [192, 0, 2, 7])
  #expect(try bucket("198.51.100.1, 192.0.2.7", trusting) == [192, 0, 2, 7])
  #expect(try bucket("198.51.100.1, 192.0.2.7 , 10.9.9.9", trusting) == [192, 0, 2, 7])
  #expect(try bucket("2001:db8:1:2:3::4", trusting) == [0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, 2])
  for header in [nil, "", "unknown", "10.1.1.1", "192.0.2.7, x", "192.0.2.7:80"] {
    #expect(try bucket(header, trusting) == peer, "\(header ?? "none")")
  }
  for text in ["", "10.0.0.0/", "10.0.0.0/0", "10.0.0.0/33", "10.0.0", "10.0.0.0/8/8", "host", "fd00::/129"] {
    #expect(throws: ParseError.self, "\(text)") { try AddressRange(parsing: text) }
  }
}

@Test func noAttestationIsLargerThanTheLimit() async throws {
  let bench = try await Bench.make()
  let endpoint = KBSEndpoint(broker: bench.broker)
  let request = try HTTPRequest(.post, "/kbs/v0/attest")
  #expect(endpoint.bodyLimit(for: request.head) == 2 << 20)
}

extension Sequence {
  fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async throws -> [T] {
    var results: [T] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
