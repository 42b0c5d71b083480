import Bytes
import Cryptography
import Evidence
import Fetch
import KBSProtocol
import SignedNotes
import Telemetry
import TransparencyLog

@testable import Agent

/// A broker of a test that speaks the KBS protocol, and misbehaves in one way if told to.
final class FakeBroker: Sendable {
  enum Fault: String, Sendable, CaseIterable {
    case none
    // A key that is not the model's, or no key.
    case otherModelKey, shortKey, jweToOtherKey, jweGarbage
    // Proofs.
    case noProof, garbageProof, proofOfOtherResource, proofOfOtherKey, denyLeaf, statementLeaf, leafIsNotJSON
    case proofByOtherLog, proofNotInTree, proofWithoutEntry
    // Denials.
    case forbidden, notFound, policyDenyAsUnauthorised, attestUnauthorised, alwaysUnauthorised, unauthorisedOnce
    // Answers that are none.
    case noCookie, noToken, challengeGarbage, hashUnknown, errorIsNotJSON, redirect
    // Weather.
    case busyTwice, alwaysBusy, unreachableOnce, alwaysUnreachable, untrusted
  }

  struct State {
    var nonces: [String: String] = [:]
    var attested: [String: JWK] = [:]
    var handshakes = 0
    var releases = 0
    var requests: [String] = []
  }

  static let resource = "models/demo/key"
  let fault: Fault
  let key: [UInt8]
  /// Keys of further models, by their resources.
  let others: [String: [UInt8]]
  /// What happens in the pod as soon as a key is on its way.
  let onRelease: @Sendable (String) -> Void
  let log: NoteSigner
  let state = Locked(State())

  init(
    _ fault: Fault = .none, key: [UInt8], others: [String: [UInt8]] = [:],
    onRelease: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    self.fault = fault
    self.key = key
    self.others = others
    self.onRelease = onRelease
    log = try Self.signer("log.test/decisions", seed: 3)
  }

  static func signer(_ name: String, seed: UInt8) throws -> NoteSigner {
    var bytes = [UInt8](repeating: seed, count: 32)
    return try NoteSigner(name: name, key: try Ed25519PrivateKey(seed: SecretBytes(erasing: &bytes)))
  }

  var exchange: Exchange {
    { (request: FetchRequest) async throws(FetchError) -> FetchResponse in try self.answer(request) }
  }

  func answer(_ request: FetchRequest) throws(FetchError) -> FetchResponse {
    let path = request.pathAndQuery
    state.withLock { $0.requests.append("\(request.method) \(path)") }
    let cookie = request.headers.first { $0.0 == "Cookie" }.flatMap { CookieHeader.values(in: $0.1).first }
    switch (request.method, path) {
    case ("POST", "/kbs/v0/auth"): return try challenge(request.body ?? [])
    case ("POST", "/kbs/v0/attest"): return attest(request.body ?? [], cookie)
    case ("GET", "/kbs/v0/resource/\(Self.resource)"): return release(cookie, Self.resource, key)
    default:
      let resource = String(path.dropFirst("/kbs/v0/resource/".count))
      guard let key = others[resource] else { return error(404, .pluginNotFound) }
      return release(cookie, resource, key)
    }
  }

  private func challenge(_ body: [UInt8]) throws(FetchError) -> FetchResponse {
    let count = state.withLock {
      $0.handshakes += 1
      return $0.handshakes
    }
    switch fault {
    case .unreachableOnce where count == 1, .alwaysUnreachable: throw .unreachable
    case .untrusted: throw .tlsUntrusted
    case .busyTwice where count < 3, .alwaysBusy: return error(503, .httpFailed)
    case .challengeGarbage: return FetchResponse(status: 200, headers: cookie("x"), body: [0x7B])
    case .redirect: return FetchResponse(status: 302, headers: [(name: "location", value: "https://evil.test")])
    case .hashUnknown:
      let text = #"{"nonce":"x","extra-params":{"selected-hash-algorithm":"sm3"}}"#
      return FetchResponse(status: 200, headers: cookie("x"), body: Array(text.utf8))
    default: break
    }
    guard let request = try? KBSRequest(parsing: body), request.tee == .snp else {
      return error(401, .attestationError)
    }
    let challenge = Challenge(nonceBytes: SystemRandom.bytes(32))
    state.withLock { $0.nonces["session\(count)"] = challenge.nonce }
    return FetchResponse(
      status: 200, headers: fault == .noCookie ? [] : cookie("session\(count)"), body: challenge.encoded())
  }

  private func cookie(_ value: String) -> [(name: String, value: String)] {
    [(name: "set-cookie", value: "\(CookieHeader.name)=\(value); Expires=Thu, 01 Jan 1970 00:00:00 GMT")]
  }

  /// Checks what a broker must: that the report covers this session's nonce and the key.
  private func attest(_ body: [UInt8], _ cookie: String?) -> FetchResponse {
    guard fault != .attestUnauthorised, let cookie,
      let nonce = state.withLock({ $0.nonces.removeValue(forKey: cookie) }),
      let message = try? AttestationMessage(parsing: body, version: .v0_4_0),
      let evidence = try? SNPEvidence(kbsJSON: message.primaryEvidence),
      let digest = try? message.primaryDigest(answering: nonce),
      evidence.report.reportData == digest + [UInt8](repeating: 0, count: 16)
    else { return error(401, .attestationError, code: "reportDataMismatch") }
    state.withLock { $0.attested[cookie] = message.teePublicKey }
    let token = fault == .noToken ? "{}" : #"{"token":"aa.bb.cc"}"#
    return FetchResponse(status: 200, body: Array(token.utf8))
  }

  private func release(_ cookie: String?, _ resource: String, _ key: [UInt8]) -> FetchResponse {
    let count = state.withLock {
      $0.releases += 1
      return $0.releases
    }
    switch fault {
    case .alwaysUnauthorised: return error(401, .tokenNotFound)
    case .unauthorisedOnce where count == 1: return error(401, .tokenNotFound)
    case .policyDenyAsUnauthorised: return error(401, .policyDeny)
    case .forbidden: return error(403, .policyDeny, code: "measurementUnknown", decision: "d-17")
    case .notFound: return error(404, .pluginInternalError)
    case .errorIsNotJSON: return FetchResponse(status: 403, body: Array("<html>".utf8))
    default: break
    }
    guard let cookie, let own = state.withLock({ $0.attested[cookie] }) else { return error(401, .tokenNotFound) }
    onRelease(resource)
    let to = fault == .jweToOtherKey ? TEEKeyPair.generate(.ecP256).jwk : own
    var payload = fault == .otherModelKey ? key.map { $0 ^ 1 } : fault == .shortKey ? Array(key.dropLast()) : key
    let secret = SecretBytes(erasing: &payload)
    guard fault != .jweGarbage, let jwe = try? JWE.encrypt(secret, to: to) else {
      return FetchResponse(status: 200, headers: proof(own, resource), body: Array("{}".utf8))
    }
    return FetchResponse(status: 200, headers: proof(own, resource), body: jwe)
  }

  private func proof(_ own: JWK, _ resource: String) -> [(name: String, value: String)] {
    guard fault != .noProof else { return [] }
    let value = fault == .garbageProof ? "AAAA" : (try? Base64.encode(proofBytes(own, resource))) ?? ""
    return [(name: "vouchsafe-log-proof", value: value)]
  }

  private func proofBytes(_ own: JWK, _ resource: String) throws -> [UInt8] {
    let thumbprint = fault == .proofOfOtherKey ? TEEKeyPair.generate(.ecP256).jwk.thumbprint : own.thumbprint
    let leaf: JSONValue = .object([
      ("resource", .string(fault == .proofOfOtherResource ? "models/other/key" : resource)),
      ("result", .string(fault == .denyLeaf ? "deny" : "allow")), ("sim", true),
      ("tee_key", .string(Base64.url(thumbprint))),
      ("type", .string(fault == .statementLeaf ? "policy" : "decision")),
    ])
    let entry = fault == .leafIsNotJSON ? Array("allow".utf8) : CanonicalJSON.encode(leaf)
    let neighbour = MerkleHash.leaf([1, 2, 3])
    let other = MerkleHash.leaf([4])
    let signer = fault == .proofByOtherLog ? try Self.signer("log.test/decisions", seed: 4) : log
    let checkpoint = Checkpoint(origin: signer.name, size: 2, root: .node(neighbour, .leaf(entry)))
    return TlogProof(
      entry: fault == .proofWithoutEntry ? nil : entry, index: 1, path: [fault == .proofNotInTree ? other : neighbour],
      checkpoint: try checkpoint.signed(by: signer)
    ).bytes
  }

  private func error(
    _ status: Int, _ name: ErrorBody.Name, code: String? = nil, decision: String? = nil
  ) -> FetchResponse {
    let body = ErrorBody(name, detail: "no\u{1B}[2J", code: code, decisionID: decision)
    return FetchResponse(status: status, body: body.encoded())
  }
}

extension FetchRequest {
  /// What follows scheme and host.
  var pathAndQuery: String {
    let host = url.drop { $0 != ":" }.dropFirst("://".count)
    return String(host.drop { $0 != "/" })
  }
}
