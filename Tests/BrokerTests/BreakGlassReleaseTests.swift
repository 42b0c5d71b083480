import Appraisal
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
private let changed = [UInt8](repeating: 0x11, count: 48)

private func benchWithKey(_ edit: (inout Bench.Options) -> Void = { _ in }) async throws -> Bench {
  var options = Bench.Options()
  (options.asGenuine, options.breakGlass) = (true, 2)
  edit(&options)
  let bench = try await Bench.make(options)
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  return bench
}

private func grant(hours: Int = 4, measurement: [UInt8] = changed) throws -> ReferenceStatement {
  ReferenceStatement(
    kind: .breakGlass, scope: "models/demo/key", version: 1, previous: nil,
    notAfter: Bench.start.adding(.seconds(hours * 3600)),
    body: BreakGlassGrant.body(
      try .init("models/demo/key"), measurement: measurement, hostData: nil, reason: "the registry is lost"))
}

private func pod(_ bench: Bench) async throws -> (Pod, Int) {
  let (pod, answer) = try await Pod.attested(bench) { $0.tee.measurement = changed }
  return (pod, answer.status)
}

@Test func aBrokenGlassReleasesWithALeafBeforeIt() async throws {
  let bench = try await benchWithKey()
  #expect(try await pod(bench).1 == 403)
  #expect(try await bench.submit(grant(), by: bench.approvers).status == 403)
  #expect(try await bench.submit(grant(), by: [bench.breakGlass[0]]).code == "quorumTooFew")
  #expect(try await bench.submit(grant(), by: bench.breakGlass).status == 200)
  let (pod, status) = try await pod(bench)
  #expect(status == 200)
  #expect(try pod.decrypted(try await pod.fetch(bench)) == secret)
  let leaves = try await bench.entries()
  let broken = try #require(leaves.firstIndex { $0["type"] == "break-glass" })
  let used = leaves.indices.filter { leaves[$0]["break_glass"] == true }
  #expect(used.count == 2 && used.allSatisfy { $0 > broken && leaves[$0]["sim"] == false })
  #expect(leaves[broken]["scope"] == "models/demo/key")
  #expect(leaves[broken]["not_after"]?.stringValue == Bench.start.adding(.seconds(4 * 3600)).rfc3339)
  let payload = try StrictJSON.parse(
    try Base64.decodeURL(try #require(pod.token).split(separator: ".").map(String.init)[1], "payload"))
  #expect(payload["submods"]?["cpu0"]?["ear.status"] == "warning")
  let metrics = String(decoding: try await bench.call(.get, "/metrics").body, as: UTF8.self)
  #expect(metrics.contains("vouchsafe_break_glass_total 1\n"))
  #expect(metrics.contains("vouchsafe_break_glass_decisions_total 2\n"))
  #expect(metrics.contains("vouchsafe_break_glass_active 1\n"))
  #expect(try await bench.call(.get, "/readyz").json["breakGlass"] == 1)
}

@Test func aBrokenGlassMendsItselfByTheClock() async throws {
  let bench = try await benchWithKey()
  #expect(try await bench.submit(grant(hours: 1), by: bench.breakGlass).status == 200)
  bench.advance(.seconds(3599))
  let (pod, status) = try await pod(bench)
  #expect(status == 200)
  #expect(try await pod.fetch(bench).status == 200)
  bench.advance(.seconds(1))
  let late = try await pod.fetch(bench)
  #expect(late.status == 403 && late.code == "measurementUnknown")
  #expect(try await Pod.attested(bench) { $0.tee.measurement = changed }.1.status == 403)
  let metrics = String(decoding: try await bench.call(.get, "/metrics").body, as: UTF8.self)
  #expect(metrics.contains("vouchsafe_break_glass_active 0\n"))
  let again = try await bench.restarted()
  #expect(try await Pod.attested(again) { $0.tee.measurement = changed }.1.status == 403)
}

@Test func aRestartKeepsABrokenGlass() async throws {
  let bench = try await benchWithKey()
  #expect(try await bench.submit(grant(), by: bench.breakGlass).status == 200)
  let again = try await bench.restarted()
  let (pod, status) = try await pod(again)
  #expect(status == 200)
  #expect(try await pod.fetch(again).status == 200)
}

@Test func aBrokenGlassDoesNotGoAroundTheLog() async throws {
  let bench = try await benchWithKey()
  bench.disk.fail()
  #expect(try await bench.submit(grant(), by: bench.breakGlass).status == 503)
  #expect(await bench.broker.registry.snapshot.values.activeGrants(at: Bench.start).isEmpty)
  let other = try await benchWithKey()
  #expect(try await other.submit(grant(), by: other.breakGlass).status == 200)
  let (pod, _) = try await pod(other)
  other.disk.fail()
  #expect(try await pod.fetch(other).status == 503)
}

@Test func simulatedPodsGetNothingByABrokenGlass() async throws {
  let bench = try await benchWithKey { $0.asGenuine = false }
  #expect(try await bench.submit(grant(), by: bench.breakGlass).status == 200)
  #expect(try await pod(bench).1 == 403)
}

@Test func aRevocationStopsABrokenGlassToo() async throws {
  let bench = try await benchWithKey()
  #expect(try await bench.submit(grant(), by: bench.breakGlass).status == 200)
  let (pod, _) = try await pod(bench)
  #expect(try await pod.fetch(bench).status == 200)
  #expect(try await bench.submit(.revoking("resource/models/demo/key"), by: [bench.approvers[1]]).status == 200)
  #expect(try await pod.fetch(bench).code == "resourceRevoked")
}
