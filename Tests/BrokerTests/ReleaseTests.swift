import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import SimulatedTEE
import Testing
import TransparencyLog
import Transport

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

private func benchWithKey() async throws -> Bench {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  return bench
}

@Test(arguments: [TEEKeyPair.Algorithm.ecP256, .ecP521, .rsaOAEP256])
func aPodThatMatchesGetsItsKeyEncryptedToItsOwnKey(algorithm: TEEKeyPair.Algorithm) async throws {
  let bench = try await benchWithKey()
  let (pod, answer) = try await Pod.attested(bench) { $0.key = .generate(algorithm) }
  #expect(answer.status == 200)
  let released = try await pod.fetch(bench)
  #expect(released.status == 200)
  #expect(try pod.decrypted(released) == secret)
  #expect(throws: (any Error).self) { try Pod().decrypted(released) }
}

@Test func theBearerTokenOpensTheSameDoorAsTheCookie() async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  let token = try #require(pod.token)
  let released = try await bench.call(
    .get, "/kbs/v0/resource/models/demo/key", headers: [("Authorization", "Bearer \(token)")])
  #expect(try pod.decrypted(released) == secret)
}

@Test func theOlderProtocolWorksToo() async throws {
  let bench = try await benchWithKey()
  let (pod, answer) = try await Pod.attested(bench) { $0.version = .v0_2_0 }
  #expect(answer.status == 200)
  #expect(try pod.decrypted(try await pod.fetch(bench)) == secret)
}

@Test func theKeyComesWithTheProofThatItsDecisionIsLogged() async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  let released = try await pod.fetch(bench)
  let header = try #require(released.header("Vouchsafe-Log-Proof"))
  let proof = try TlogProof(parsing: try Base64.decode(header, .standard, "proof"))
  let key = try NoteVerifierKey(name: "vouchsafe.test/log", publicKey: bench.broker.keyring.logKey.publicKey)
  let leaf = try StrictJSON.parse(try proof.verify(by: key).entry)
  #expect(leaf["type"] == "decision")
  #expect(leaf["result"] == "allow")
  #expect(leaf["for"] == "release")
  #expect(leaf["resource"] == "models/demo/key")
  #expect(leaf["tee_key"]?.stringValue == Base64.url(pod.key.jwk.thumbprint))
  #expect(leaf["sim"] == true)
}

@Test func aChangedMeasurementIsRefusedAndExplained() async throws {
  let bench = try await benchWithKey()
  let (pod, answer) = try await Pod.attested(bench) { $0.tee.measurement[0] ^= 1 }
  #expect(answer.status == 403)
  #expect(answer.code == "measurementUnknown")
  #expect(answer.json["type"]?.stringValue?.hasSuffix("/PolicyDeny") == true)
  let id = try #require(answer.json["decision_id"]?.stringValue)
  let explained = try await bench.admin(.get, "/v1/decisions/\(id)").json
  let mismatch = try #require(explained["explanation"]?["mismatches"]?.arrayValue?.first)
  #expect(mismatch["field"]?.stringValue?.contains("measurement") == true)
  #expect(mismatch["got"]?.stringValue?.contains(Hex.encode(pod.tee.measurement)) == true)
  #expect(explained["explanation"]?["nearest"] == "demo")
  #expect(try await bench.entries().last?["result"] == "deny")
  #expect(try await pod.fetch(bench).status == 401)
}

@Test func anUnknownResourceIsNotFoundForThoseWhoProvedThemselvesOnly() async throws {
  let bench = try await benchWithKey()
  #expect(try await Pod().fetch(bench, "models/other/key").status == 401)
  let (pod, _) = try await Pod.attested(bench)
  #expect(try await pod.fetch(bench, "models/other/key").status == 404)
  #expect(try await pod.fetch(bench, "models/demo").status == 404)
  #expect(try await pod.fetch(bench, "models/demo/key/more").status == 404)
}

@Test func aKeyOfAnotherWorkloadIsDenied() async throws {
  let bench = try await benchWithKey()
  #expect(try await bench.approve(bundle("other", measurement: 0x11)).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/other/key?bundle=other", body: secret).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  let answer = try await pod.fetch(bench, "models/other/key")
  #expect(answer.status == 403)
  #expect(answer.code == "bundleNotPermitted")
}

@Test func aRevocationStopsSessionsThatAreOpenAlready() async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  #expect(try await pod.fetch(bench).status == 200)
  let revocation = try await bench.submit(
    .revoking("bundle/demo"), by: [bench.approvers[0]])
  #expect(revocation.status == 200)
  let answer = try await pod.fetch(bench)
  #expect(answer.status == 403)
  #expect(answer.code == "bundleRevoked")
}

@Test func aNewVersionOfAKeyReplacesTheOld() async throws {
  let bench = try await benchWithKey()
  let second = Array("another model key, also 32 bytes".utf8)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: second).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  #expect(try pod.decrypted(try await pod.fetch(bench)) == second)
}

@Test func aSessionEndsWithItsTime() async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  bench.advance(.seconds(299))
  #expect(try await pod.fetch(bench).status == 200)
  bench.advance(.seconds(1))
  #expect(try await pod.fetch(bench).status == 401)
  let token = try #require(pod.token)
  let byToken = try await bench.call(
    .get, "/kbs/v0/resource/models/demo/key", headers: [("Authorization", "Bearer \(token)")])
  #expect(byToken.status == 401)
}

@Test func initDataInPlainTextMustBeWhatTheHardwareHolds() async throws {
  let bench = try await benchWithKey()
  let initData = try InitData(toml: "version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"note.txt\" = \"hello\"\n")
  for (hostData, status) in [(initData.fieldValue(byteCount: 32), 200), ([UInt8](repeating: 0, count: 32), 403)] {
    var pod = Pod()
    pod.tee.hostData = hostData
    _ = try await pod.open(bench)
    let answer = try await pod.attest(bench, try pod.attestation(initData: initData).encoded())
    #expect(answer.status == status)
    if status == 403 { #expect(answer.code == "hostDataMismatch") }
  }
}

@Test func aStateWithoutBundlesReleasesNothing() async throws {
  let bench = try await Bench.make()
  let (_, answer) = try await Pod.attested(bench)
  #expect(answer.status == 403)
  #expect(answer.code == "noReferenceValues")
}

@Test func simulatedEvidenceIsForeignWithoutItsAnchors() async throws {
  let bench = try await Bench.make(.init(anchors: false))
  #expect(try await bench.approve(bundle()).status == 200)
  let size = await bench.broker.log.size
  let (_, answer) = try await Pod.attested(bench)
  #expect(answer.status == 403)
  #expect(answer.code == "chainUntrusted")
  #expect(await bench.broker.log.size == size)
}

@Test func simulatedEvidenceNeedsABundleThatNamesIt() async throws {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle { $0["acceptingSimulatedEvidence"] = nil }).status == 200)
  let (_, answer) = try await Pod.attested(bench)
  #expect(answer.code == "simulatedEvidence")
}
