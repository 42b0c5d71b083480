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
private let path = "models/demo/key"

/// Every scope that a simulated SEV-SNP pod can be stopped by; the last two are filled in from the log.
private let scopes = [
  "everything", "bundle/demo", "policy/", "measurement/" + String(repeating: "5a", count: 48), "resource/\(path)",
  "resource/\(path)@1", "model/demo", "tenant/models", "chip/", "platform/", "product/Milan",
]

private func benchWithKey() async throws -> Bench {
  let bench = try await Bench.make(.init(approvers: 3))
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/\(path)?bundle=demo", body: secret).status == 200)
  return bench
}

private func complete(_ scope: String, _ pod: Pod, _ bench: Bench) async throws -> String {
  switch scope {
  case "chip/": return scope + Hex.encode(pod.tee.chipID)
  case "policy/": return scope + Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(bundle())))
  case "platform/":
    let leaf = try await bench.entries().last { $0["type"] == "decision" }
    return scope + (try #require(leaf?["platform"]?.stringValue))
  default: return scope
  }
}

@Test(arguments: scopes)
func inLogOrderNoReleaseFollowsAMatchingRevocation(form: String) async throws {
  let bench = try await benchWithKey()
  var pods: [Pod] = []
  for _ in 0..<4 { pods.append(try await Pod.attested(bench).0) }
  let scope = try await complete(form, pods[0], bench)
  let answers = try await withThrowingTaskGroup(of: [Int].self) { group in
    for (number, pod) in pods.enumerated() {
      group.addTask { () async throws -> [Int] in
        var statuses: [Int] = []
        for round in 0..<12 {
          statuses.append(try await pod.fetch(bench, path).status)
          guard number == 0, round == 4 else { continue }
          let answer = try await bench.submit(.revoking(scope), by: [bench.approvers[2]])
          #expect(answer.status == 200)
        }
        return statuses
      }
    }
    return try await group.reduce(into: []) { $0 += $1 }
  }
  let leaves = try await bench.entries()
  let revoked = try #require(leaves.firstIndex { $0["type"] == "revoke" })
  let allowed = leaves.indices.filter { leaves[$0]["for"] == "release" && leaves[$0]["result"] == "allow" }
  #expect(allowed.allSatisfy { $0 < revoked })
  #expect(answers.filter { $0 == 200 }.count == allowed.count)
  for pod in pods { #expect(try await pod.fetch(bench, path).status == 403) }
  let (_, late) = try await Pod.attested(bench)
  #expect(
    late.status == (form.hasPrefix("resource") || form.hasPrefix("model") || form.hasPrefix("tenant") ? 200 : 403))
}

@Test(arguments: scopes)
func onlyTheQuorumTakesARevocationBack(form: String) async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  let scope = try await complete(form, pod, bench)
  let revocation = ReferenceStatement.revoking(scope)
  #expect(try await bench.submit(revocation, by: [bench.approvers[0]]).status == 200)
  let pardon = ReferenceStatement(
    kind: .unrevoke, scope: scope, version: 2, previous: revocation.digest,
    notAfter: Bench.start.adding(.seconds(86_400)), body: StatementContent.revocationBody(reason: "test"))
  #expect(try await bench.submit(pardon, by: [bench.approvers[0]]).code == "quorumTooFew")
  #expect(try await pod.fetch(bench, path).status == 403)
  #expect(try await bench.submit(pardon).status == 200)
  #expect(try pod.decrypted(try await pod.fetch(bench, path)) == secret)
  let again = try await bench.restarted()
  #expect(await again.broker.registry.snapshot.values.revocations.isEmpty)
}

@Test func aRevokedVersionIsNotTheNextOne() async throws {
  let bench = try await benchWithKey()
  let (pod, _) = try await Pod.attested(bench)
  #expect(try await bench.submit(.revoking("resource/\(path)@1"), by: [bench.approvers[0]]).status == 200)
  #expect(try await pod.fetch(bench, path).code == "resourceRevoked")
  let next = Array("another model key, also 32 bytes".utf8)
  #expect(try await bench.admin(.put, "/v1/keys/\(path)?bundle=demo", body: next).status == 200)
  #expect(try pod.decrypted(try await pod.fetch(bench, path)) == next)
}
