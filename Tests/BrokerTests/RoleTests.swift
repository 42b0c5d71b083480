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

/// Who asks. An approver has no credential of the broker's: only a signature, which somebody else hands in.
private enum Asker: CaseIterable {
  case stranger, pod, `operator`, provider, auditor
}

/// What may be asked, by whom. A row is one operation; all who are not named are refused.
private let matrix: [(method: HTTPMethod, target: String, isPublic: Bool, permitted: Set<Asker>)] = [
  (.get, "/v1/status", false, [.operator, .provider, .auditor]),
  (.get, "/v1/references", false, [.operator, .provider, .auditor]),
  (.get, "/v1/references/demo", false, [.operator, .provider, .auditor]),
  (.get, "/v1/keys", false, [.operator, .provider, .auditor]),
  (.post, "/v1/statements", false, [.operator, .provider]),
  (.put, "/v1/keys/models/demo/key?bundle=demo", false, [.provider]),
  (.delete, "/v1/keys/models/demo/key", false, [.provider]),
  (.get, "/v1/decisions/2", false, [.operator, .auditor]),
  (.get, "/v1/evidence/00", false, [.auditor]),
  (.get, "/v1/openings?from=0&count=1", false, [.auditor]),
  (.post, "/kbs/v0/resource/models/demo/key", false, [.provider]),
  (.delete, "/kbs/v0/resource/models/demo/key", false, [.provider]),
  (.get, "/kbs/v0/resource-policy", false, [.operator]),
  (.post, "/kbs/v0/resource-policy", false, [.operator]),
  (.post, "/kbs/v0/attestation-policy", false, [.operator]),
  (.post, "/kbs/v0/reference-value", false, [.operator]),
  (.get, "/kbs/v0/resource/models/demo/key", true, [.pod]),
  (.get, "/log/checkpoint", true, Set(Asker.allCases)),
  (.get, "/v1/proof/0", true, Set(Asker.allCases)),
  (.get, "/readyz", true, Set(Asker.allCases)),
  (.get, "/metrics", true, Set(Asker.allCases)),
  (.get, "/.well-known/jwks.json", true, Set(Asker.allCases)),
]

private func ask(
  _ asker: Asker, _ method: HTTPMethod, _ target: String, _ bench: Bench, _ pod: Pod, isPublic: Bool
) async throws -> HTTPResponse {
  let body: [UInt8] = method == .post || method == .put ? secret : []
  if isPublic {
    let cookie = asker == .pod ? [("Cookie", "kbs-session-id=\(pod.cookie ?? "")")] : []
    return try await bench.call(method, target, headers: cookie, body: body)
  }
  switch asker {
  case .stranger: return try await bench.admin(method, target, body: body, pin: nil)
  case .pod: return try await bench.admin(method, target, body: body, pin: [UInt8](repeating: 9, count: 32))
  case .operator: return try await bench.admin(method, target, body: body, as: [.operator])
  case .provider: return try await bench.admin(method, target, body: body, as: [.provider])
  case .auditor: return try await bench.admin(method, target, body: body, as: [.auditor])
  }
}

/// A refusal by role, as against one of the operation itself.
private func isTurnedAway(_ answer: HTTPResponse) -> Bool {
  answer.status == 401 || answer.code == "roleMissing" || answer.code == "notAuthorised"
}

@Test(arguments: Asker.allCases)
private func eachRoleMayDoWhatTheMatrixSaysAndNothingElse(asker: Asker) async throws {
  for row in matrix {
    let bench = try await Bench.make()
    #expect(try await bench.approve(bundle()).status == 200)
    #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
    let (pod, _) = try await Pod.attested(bench)
    await bench.broker.flushLog()
    let size = await bench.broker.log.size
    let answer = try await ask(asker, row.method, row.target, bench, pod, isPublic: row.isPublic)
    #expect(
      isTurnedAway(answer) == !row.permitted.contains(asker), "\(asker) \(row.method) \(row.target): \(answer.status)")
    if !row.permitted.contains(asker) { #expect(await bench.broker.log.size == size) }
  }
}

/// What no role can do by itself: it takes signatures of approvers, which none of these has.
@Test(arguments: AdminRole.allCases)
func noRoleWidensAnythingWithoutSignatures(role: AdminRole) async throws {
  let bench = try await Bench.make(.init(breakGlass: 1))
  #expect(try await bench.approve(bundle()).status == 200)
  let before = await bench.broker.registry.snapshot.values
  let wide = ReferenceStatement(
    kind: .reference, scope: "wide", version: 1, previous: nil, notAfter: Bench.start.adding(.seconds(60)),
    body: bundle("wide", measurement: 0x11))
  let own = try NoteSigner(name: "approver0", key: .random())
  for signers in [[], [own], [bench.approvers[0]], [bench.breakGlass[0]], [bench.approvers[0], bench.breakGlass[0]]] {
    var signed = try SignedStatement(proposing: wide)
    for signer in signers { try signed.sign(with: signer) }
    #expect(try await bench.admin(.post, "/v1/statements", body: signed.bytes, as: [role]).status == 403)
  }
  #expect(await bench.broker.registry.snapshot.values == before)
}

@Test func aPinNamesItsRoles() throws {
  let key = String(repeating: "ab", count: 32)
  #expect(try AdminRole.pin(parsing: "\(key) provider").roles == [.provider])
  #expect(try AdminRole.pin(parsing: "\(key) operator auditor").roles == [.operator, .auditor])
  #expect(try AdminRole.pin(parsing: Substring(key)).roles == Set(AdminRole.allCases))
  for line in ["", "ab", "\(key)ab", "\(key) root", "\(key) provider root"] {
    #expect(throws: ParseError.self) { try AdminRole.pin(parsing: Substring(line)) }
  }
}
