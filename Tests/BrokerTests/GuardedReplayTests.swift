import Appraisal
import Bytes
import KBSProtocol
import Replay
import SignedNotes
import SimulatedTEE
import Testing
import Transport

@testable import Broker

// Decisions that rest on more than bundles come out again the same.

private let changed = [UInt8](repeating: 0x11, count: 48)

/// Releases, refusals, an emergency and revocations, by name, by version and by pseudonym.
private func lived(_ options: Bench.Options) async throws -> Bench {
  let bench = try await Bench.ready(bundle(), options)
  let (pod, _) = try await Pod.attested(bench)
  #expect(try await pod.fetch(bench).status == 200)
  _ = try await Pod.attested(bench) { $0.tee.measurement = changed }
  let glass = ReferenceStatement(
    kind: .breakGlass, scope: "models/demo/key", version: 1, previous: nil,
    notAfter: Bench.start.adding(.seconds(3600)),
    body: BreakGlassGrant.body(
      try ResourcePath("models/demo/key"), measurement: changed, hostData: nil, reason: "test"))
  #expect(try await bench.submit(glass, by: bench.breakGlass).status == 200)
  let (other, _) = try await Pod.attested(bench) { $0.tee.measurement = changed }
  #expect(try await other.fetch(bench).status == (options.asGenuine ? 200 : 401))
  #expect(try await bench.submit(.revoking("resource/models/demo/key@1"), by: [bench.approvers[0]]).status == 200)
  #expect(try await pod.fetch(bench).code == "resourceRevoked")
  let leaf = try await bench.entries().last { $0["type"] == "decision" }
  let platform = try #require(leaf?["platform"]?.stringValue)
  #expect(try await bench.submit(.revoking("platform/\(platform)"), by: [bench.approvers[1]]).status == 200)
  #expect(try await Pod.attested(bench).1.code == "platformRevoked")
  #expect(try await bench.admin(.delete, "/v1/keys/models/demo/key").status == 200)
  return bench
}

@Test func decisionsUnderBreakGlassAndRevocationsReplay() async throws {
  let bench = try await lived(.init(breakGlass: 2))
  let words = try await bench.examined().map(\.word)
  #expect(words.allSatisfy { $0 == "follows" || $0 == "same" }, "\(words)")
  #expect(words.filter { $0 == "same" }.count >= 6)
}

@Test func aLogOfPrivateNamesReplaysForWhoHasTheOpenings() async throws {
  let bench = try await lived(.init(breakGlass: 2, privateNames: true))
  let openings = try await bench.broker.openings(from: 0, count: 1000)
  let words = try await bench.examined(openings: openings).map(\.word)
  #expect(words.allSatisfy { $0 == "follows" || $0 == "same" }, "\(words)")
  await #expect(throws: LogLeaf.privateName) { try await bench.examined() }
  let other = try ReferenceBundle(document: bundle("other", measurement: 0x11))
  let supposed = try await bench.examined(openings: openings).compactMap { examination in
    try Supposition(examination) { values throws(ParseError) in try values.supposing(other) }?.changes
  }
  #expect(supposed.contains(true) && supposed.count >= 6)
  let others = NameOpenings(
    log: openings.log, valuesSalt: [UInt8](repeating: 1, count: 32), openings: openings.openings)
  #expect(try await bench.examined(openings: others).map(\.word).contains { $0.hasPrefix("different") })
}
