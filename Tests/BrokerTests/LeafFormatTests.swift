import Bytes
import Cryptography
import KBSProtocol
import SimulatedTEE
import TestSupport
import Testing
import Transport

@testable import Broker

// The formats that auditors depend on, written out. A difference is a change of the format: say so in CHANGELOG.md.

/// A document with what is different in every run replaced by what it is.
private func shape(_ value: JSONValue) -> JSONValue {
  switch value {
  case .object(let object):
    .object(
      object.members.map { member in
        let volatile = ["tee_key", "platform", "kek", "challenge", "request", "reportData"]
        return (member.key, volatile.contains(member.key) ? .string("<\(member.key)>") : shape(member.value))
      })
  case .array(let items): .array(items.map(shape))
  case .string(let text) where text.count == 64 && (try? Hex.decode(text, "text")) != nil: "<sha256>"
  default: value
  }
}

private func text(_ leaf: JSONValue?) -> String { leaf.map { CanonicalJSON.text(shape($0)) } ?? "" }

private func bench() async throws -> Bench {
  let bench = try await Bench.make()
  #expect(try await bench.approve(bundle()).status == 200)
  let secret = Array("a model key of thirty-two bytes!".utf8)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  return bench
}

@Test func leavesOfAdministrationHaveTheirFormat() async throws {
  let bench = try await bench()
  _ = try await bench.submit(.revoking("bundle/demo"), by: [bench.approvers[0]])
  _ = try await bench.admin(.delete, "/v1/keys/models/demo/key")
  var forged = Pod()
  forged.tee.patches[0x90] = [1]
  _ = try await forged.open(bench)
  _ = try await forged.attest(bench)
  await bench.broker.writeDenySummary()
  let leaves = try await bench.entries().map(text)
  #expect(try Golden.differences("records/administration.jsonl", found: leaves) == [])
}

@Test func leavesOfDecisionsHaveTheirFormat() async throws {
  let bench = try await bench()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  _ = try await Pod.attested(bench) { $0.tee.measurement[0] ^= 1 }
  let leaves = try await bench.entries().suffix(3).map(text)
  #expect(try Golden.differences("records/decisions.jsonl", found: leaves) == [])
}

@Test func evidenceRecordsHaveTheirFormat() async throws {
  let bench = try await bench()
  _ = try await Pod.attested(bench)
  let digest = try #require(try await bench.entries().last?["evidence"]?.stringValue)
  let record = try StrictJSON.parse(try await bench.broker.evidence.read(Hex.decode(digest, "evidence")))
  #expect(try Golden.differences("records/evidence.jsonl", found: [text(record)]) == [])
}
