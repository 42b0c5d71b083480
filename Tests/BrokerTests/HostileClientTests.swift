import Bytes
import Cryptography
import KBSProtocol
import SimulatedTEE
import Testing
import TransparencyLog
import Transport

@testable import Broker

private func benchWithBundle() async throws -> Bench {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  return bench
}

@Test func aChallengeIsSpentByItsFirstAnswer() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let cookie = pod.cookie
  let body = try pod.attestation().encoded()
  #expect(try await pod.attest(bench, body).status == 200)
  pod.cookie = cookie
  let again = try await pod.attest(bench, body)
  #expect(again.status == 401)
  #expect(again.code == "nonceSpent")
}

@Test func aFailedAnswerSpendsTheChallengeToo() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  #expect(try await pod.attest(bench, Array("{}".utf8)).status == 400)
  #expect(try await pod.attest(bench).code == "nonceSpent")
}

@Test func aChallengeExpires() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  bench.advance(.seconds(300))
  #expect(try await pod.attest(bench).status == 401)
}

@Test func everyChangedByteOfACookieIsRefused() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let cookie = try #require(pod.cookie)
  for index in stride(from: 0, to: cookie.utf8.count, by: 7) {
    var bytes = Array(cookie.utf8)
    bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
    pod.cookie = String(decoding: bytes, as: UTF8.self)
    #expect(try await pod.attest(bench).status == 401)
  }
  pod.cookie = nil
  let none = try await pod.attest(bench)
  #expect(none.status == 401)
  #expect(none.json["type"]?.stringValue?.hasSuffix("/TokenNotFound") == true)
}

@Test func anotherSessionsEvidenceIsNotFresh() async throws {
  let bench = try await benchWithBundle()
  var first = Pod()
  _ = try await first.open(bench)
  let body = try first.attestation().encoded()
  var second = Pod()
  second.key = first.key
  _ = try await second.open(bench)
  #expect(try await second.attest(bench, body).code == "nonceMismatch")
}

@Test func aSwappedTEEKeyIsNotTheOneInTheReport() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let message = try pod.attestation()
  let attacker = TEEKeyPair.generate(.ecP256)
  let swapped = AttestationMessage(
    runtimeData: RuntimeData(nonce: pod.nonce, teePublicKey: attacker.jwk), primaryEvidence: message.primaryEvidence)
  let answer = try await pod.attest(bench, swapped.encoded())
  #expect(answer.status == 403)
  #expect(answer.code == "reportDataMismatch")
}

@Test func evidenceOfAnotherTechnologyIsRefused() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let runtime = RuntimeData(nonce: pod.nonce, teePublicKey: pod.key.jwk)
  let quote = AttestationMessage(runtimeData: runtime, primaryEvidence: .object([("quote", "AAAA")]))
  #expect(try await pod.attest(bench, quote.encoded()).status == 400)
  let open = try await bench.call(.post, "/kbs/v0/auth", body: KBSRequest(tee: .sample).encoded())
  #expect(open.status == 401)
}

@Test func aListOfNoDevicesIsMalformed() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let runtime = RuntimeData(
    nonce: pod.nonce, teePublicKey: pod.key.jwk, additionalEvidence: "{\"nvidia\":{\"device_evidence_list\":[]}}")
  let evidence = try pod.tee.kbsEvidence(reportData: runtime.digest(.primary))
  let answer = try await pod.attest(
    bench, AttestationMessage(runtimeData: runtime, primaryEvidence: evidence).encoded())
  #expect(answer.status == 400)
  #expect(answer.code == "malformed")
}

@Test func malformedBodiesGetTheProtocolsErrorJSON() async throws {
  let bench = try await benchWithBundle()
  let bodies = [
    "", "{", "[]", "nul", "{\"tee-evidence\":1}", "{\"runtime-data\":{},\"runtime-data\":{}}",
    String(repeating: "[", count: 100_000), "{\"a\":\"\u{1}\"}",
  ]
  for body in bodies {
    var pod = Pod()
    _ = try await pod.open(bench)
    let answer = try await pod.attest(bench, Array(body.utf8))
    #expect(answer.status == 400)
    #expect(answer.json["type"]?.stringValue?.hasPrefix(ErrorBody.typePrefix) == true)
    #expect(answer.json["detail"]?.stringValue?.isEmpty == false)
  }
}

@Test func truncatedAttestationsAreRefusedAtEveryLength() async throws {
  let bench = try await benchWithBundle()
  var pod = Pod()
  _ = try await pod.open(bench)
  let whole = try pod.attestation().encoded()
  for count in stride(from: 0, to: whole.count, by: 997) {
    var other = Pod()
    _ = try await other.open(bench)
    #expect(try await other.attest(bench, Array(whole[..<count])).status == 400)
  }
}

@Test func strangersCannotMakeTheLogGrow() async throws {
  let bench = try await benchWithBundle()
  let before = await bench.broker.log.size
  for round in 0..<60 {
    var pod = Pod()
    _ = try await pod.open(bench)
    pod.tee.patches = [0x2A0: [UInt8](repeating: UInt8(round + 1), count: 48)]
    #expect(try await pod.attest(bench).code == "signatureInvalid")
  }
  #expect(await bench.broker.log.size == before)
  await bench.broker.writeDenySummary()
  #expect(await bench.broker.log.size == before + 1)
  let summary = try #require(try await bench.entries().last)
  #expect(summary["type"] == "deny-summary")
  #expect(summary["reasons"]?["signatureInvalid"]?["count"]?.integer() == 60)
}

@Test func aRefusalWithoutALeafIsExplainedFromMemory() async throws {
  let bench = try await benchWithBundle()
  let (_, answer) = try await Pod.attested(bench) { $0.tee.patches = [0x90: [1]] }
  let id = try #require(answer.json["decision_id"]?.stringValue)
  let explained = try await bench.admin(.get, "/v1/decisions/\(id)").json
  #expect(explained["logged"] == false)
  #expect(explained["explanation"]?["code"] == "signatureInvalid")
}

@Test func versionsAndNamesThatAreNotSpokenAreSaid() async throws {
  let bench = try await benchWithBundle()
  let old = try await bench.call(
    .post, "/kbs/v0/auth", body: Array(#"{"version":"0.1.1","tee":"snp","extra-params":""}"#.utf8))
  #expect(old.status == 401)
  #expect(old.json["detail"]?.stringValue?.contains("0.4.0") == true)
  let unknown = try await bench.call(
    .post, "/kbs/v0/auth", body: Array(#"{"version":"0.4.0","tee":"SNP","extra-params":""}"#.utf8))
  #expect(unknown.status == 401)
}

@Test func pathsThatDoNotExistHaveTheProtocolsErrorJSON() async throws {
  let bench = try await benchWithBundle()
  for path in [
    "/", "/kbs/v0", "/kbs/v0/auth", "/kbs/v0/nebula-ca/credential", "/v1/keys", "/log/../keys", "/log/tile/0/000",
  ] {
    guard let answer = try? await bench.call(.get, path) else { continue }
    #expect(answer.status == 404)
    #expect(answer.json["type"] != nil)
  }
}

@Test func anAddressThatAsksTooOftenIsTurnedAway() async throws {
  let limiter = RateLimiter(perSecond: 5, burst: 20)
  let address: [UInt8] = [10, 0, 0, 1]
  let admitted = (0..<50).filter { _ in limiter.admits(address, at: 100) }.count
  #expect(admitted == 20)
  #expect(limiter.admits([10, 0, 0, 2], at: 100))
  #expect((0..<50).filter { _ in limiter.admits(address, at: 101) }.count == 5)
}
