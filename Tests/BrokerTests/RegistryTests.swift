import Appraisal
import Bytes
import Cryptography
import SignedNotes
import Testing
import TransparencyLog
import Transport

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

extension ReferenceStatement {
  static func revoking(_ scope: String) -> ReferenceStatement {
    ReferenceStatement(
      kind: .revoke, scope: scope, version: 1, previous: nil, notAfter: Bench.start.adding(.seconds(86_400)),
      body: StatementContent.revocationBody(reason: "test"))
  }
}

@Test func oneOfTwoApproversIsTooFew() async throws {
  let bench = try await Bench.make()
  let statement = ReferenceStatement(
    kind: .reference, scope: "demo", version: 1, previous: nil, notAfter: Bench.start.adding(.seconds(60)),
    body: bundle())
  let answer = try await bench.submit(statement, by: [bench.approvers[0]])
  #expect(answer.status == 403)
  #expect(answer.code == "quorumTooFew")
  #expect(try await bench.submit(statement, by: [bench.approvers[0], bench.approvers[0]]).status == 403)
  let stranger = try NoteSigner(name: "approver1", key: .random())
  #expect(try await bench.submit(statement, by: [bench.approvers[0], stranger]).status == 403)
  #expect(try await bench.submit(statement).status == 200)
}

@Test func aStatementIsTakenOnce() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.approve(bundle()).code == "versionNotNew")
}

@Test func withoutApproversNoStatementIsTaken() async throws {
  let bench = try await Bench.make(.init(approvers: 0))
  let signer = try NoteSigner(name: "approver0", key: .random())
  let answer = try await bench.submit(.revoking("everything"), by: [signer])
  #expect(answer.status == 403)
  #expect(answer.code == "noApprovers")
}

@Test func aKeyNeedsABundleInForce() async throws {
  let bench = try await Bench.make()
  let early = try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret)
  #expect(early.status == 404)
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key", body: secret).status == 400)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: []).status == 413)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
}

@Test func anAdministratorCannotBindAKeyToAnotherBundle() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.approve(bundle("wide", measurement: 0x11)).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  let rebound = try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=wide", body: secret)
  #expect(rebound.status == 409)
  #expect(try await bench.admin(.delete, "/v1/keys/models/demo/key").status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=wide", body: secret).status == 409)
}

@Test func noAdministrativeAnswerHoldsAKey() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  _ = try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret)
  for target in ["/v1/keys", "/v1/keys/models/demo/key", "/v1/status", "/v1/references", "/v1/references/demo"] {
    let body = try await bench.admin(.get, target).body
    #expect(!String(decoding: body, as: UTF8.self).contains(String(decoding: secret, as: UTF8.self)))
    #expect(!String(decoding: body, as: UTF8.self).contains(Base64.encode(secret)))
  }
  for disk in [bench.disk, bench.registryDisk] {
    for name in disk.names { #expect(try disk.read(name)?.firstRange(of: secret) == nil) }
  }
}

@Test(arguments: [
  ("GET", "/v1/keys"), ("GET", "/v1/status"), ("POST", "/v1/statements"), ("PUT", "/v1/keys/a/b/c?bundle=demo"),
  ("DELETE", "/v1/keys/a/b/c"), ("GET", "/v1/decisions/1"), ("POST", "/kbs/v0/resource/a/b/c"),
])
func administrationNeedsAPinnedKey(method: String, target: String) async throws {
  let bench = try await Bench.make()
  let verb = try #require(HTTPMethodName(rawValue: method)).method
  #expect(try await bench.admin(verb, target, pin: nil).status == 401)
  #expect(try await bench.admin(verb, target, pin: [UInt8](repeating: 8, count: 32)).status == 401)
}

@Test func theCallsOfKBSClientCannotWidenAnything() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.admin(.post, "/kbs/v0/reference-value", body: Array("{}".utf8)).status == 403)
  #expect(try await bench.admin(.post, "/kbs/v0/resource-policy", body: Array("{}".utf8)).status == 501)
  #expect(try await bench.admin(.post, "/kbs/v0/attestation-policy", body: Array("{}".utf8)).status == 501)
  #expect(try await bench.admin(.post, "/kbs/v0/resource/models/demo/key", body: secret).status == 404)
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  #expect(try await bench.admin(.post, "/kbs/v0/resource/models/demo/key", body: secret).status == 200)
  #expect(try await bench.admin(.delete, "/kbs/v0/resource/models/demo/key").status == 200)
}

@Test func aRestartFindsTheRegistryAsTheLogTellsIt() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  let again = try await bench.restarted()
  let before = await bench.broker.registry.snapshot
  let after = await again.broker.registry.snapshot
  #expect(after.values == before.values)
  #expect(after.keys == before.keys)
  #expect(after.position == before.position)
  #expect(try await pod.fetch(again).status == 401)
  let (next, _) = try await Pod.attested(again)
  #expect(try next.decrypted(try await next.fetch(again)) == secret)
}

@Test func aRegistryThatLostABodyDoesNotStart() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  for name in bench.registryDisk.names { try bench.registryDisk.remove(name) }
  await #expect(throws: (any Error).self) { try await bench.restarted() }
}

@Test func aLogThatFailsReleasesNothingAndStopsTheService() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  var late = Pod()
  _ = try await late.open(bench)
  bench.disk.fail()
  let answer = try await late.attest(bench)
  #expect(answer.status == 503)
  #expect(answer.code == "logUnavailable")
  bench.disk.repair()
  #expect(try await pod.fetch(bench).status == 503)
  guard case .logFailed = await bench.broker.stop.wait() else {
    Issue.record("the service does not stop")
    return
  }
  #expect(try await bench.call(.get, "/readyz").status == 503)
}

@Test func anEditedEntryOfTheLogDoesNotUndoAChange() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.submit(.revoking("bundle/demo"), by: [bench.approvers[0]]).status == 200)
  for _ in 0..<300 { try await bench.broker.recordStart(StateDigests(approvers: [], breakGlass: [])) }
  await bench.broker.flushLog()
  let name = "tile/entries/000"
  var bytes = try #require(try bench.disk.read(name))
  let place = try #require(bytes.firstRange(of: Array(#""type":"revoke""#.utf8)))
  bytes[place.lowerBound + 8] = UInt8(ascii: "x")
  bench.disk.replace(name, with: bytes)
  await #expect(throws: BrokerError.storeDamaged) { try await bench.restarted() }
}
