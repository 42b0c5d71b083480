import Bytes
import Cryptography
import KBSProtocol
import SimulatedTEE
import Transport

@testable import Broker

/// A pod as the broker sees it: a TEE key, evidence, and the cookie it holds.
struct Pod {
  var tee = SimulatedSNP()
  /// When set, the pod is a trust domain instead.
  var tdx: SimulatedTDX?
  /// The GPUs that it shows.
  var gpus: SimulatedGPUSet?
  /// Changes the text about them before the processor covers it, and after.
  var editAdditional: @Sendable (inout String) -> Void = { _ in }
  var replaceAdditional: @Sendable (inout String) -> Void = { _ in }
  /// What the GPUs answer; `nil`: what they should.
  var deviceNonce: [UInt8]?
  /// What it says it is.
  var claimedTEE: TEEName?
  /// Whether the host hands out a certificate table with the report.
  var sendsCertificates = true
  var key = TEEKeyPair.generate(.ecP256)
  var version = ProtocolVersion.v0_4_0
  var cookie: String?
  var token: String?
  var nonce = ""

  mutating func open(_ bench: Bench) async throws -> HTTPResponse {
    let answer = try await bench.call(
      .post, "/kbs/v0/auth", body: KBSRequest(version: version, tee: claimedTEE ?? (tdx == nil ? .snp : .tdx)).encoded()
    )
    cookie = answer.header("Set-Cookie").flatMap(CookieHeader.value(inSetCookie:))
    nonce = answer.json["nonce"]?.stringValue ?? ""
    return answer
  }

  /// The body of `/attest` for the nonce in hand.
  func attestation(initData: InitData? = nil) throws -> AttestationMessage {
    var additional = additionalEvidence
    let runtime = RuntimeData(nonce: nonce, teePublicKey: key.jwk, additionalEvidence: additional)
    let digest = runtime.digest(version == .v0_2_0 ? .device : .primary)
    let evidence =
      try tdx?.kbsEvidence(reportData: digest)
      ?? tee.kbsEvidence(reportData: digest, certificates: sendsCertificates ? nil : [])
    guard version == .v0_4_0 else { return AttestationMessage(flat: evidence, teePublicKey: key.jwk) }
    replaceAdditional(&additional)
    let sent = RuntimeData(nonce: nonce, teePublicKey: key.jwk, additionalEvidence: additional)
    return AttestationMessage(runtimeData: sent, primaryEvidence: evidence, initData: initData)
  }

  private var additionalEvidence: String {
    var text = ""
    if let gpus {
      let digest = RuntimeData(nonce: nonce, teePublicKey: key.jwk).digest(.device)
      let evidence = gpus.kbsEvidence(nonce: deviceNonce ?? Array(digest.prefix(32)))
      text = String(decoding: CanonicalJSON.encode(.object([("nvidia", evidence)])), as: UTF8.self)
    }
    editAdditional(&text)
    return text
  }

  mutating func attest(_ bench: Bench, _ body: [UInt8]? = nil) async throws -> HTTPResponse {
    let headers = cookie.map { [("Cookie", CookieHeader.cookie($0))] } ?? []
    let answer = try await bench.call(
      .post, "/kbs/v0/attest", headers: headers, body: try body ?? attestation().encoded())
    if answer.status == 200 {
      cookie = answer.header("Set-Cookie").flatMap(CookieHeader.value(inSetCookie:))
      token = answer.json["token"]?.stringValue
    }
    return answer
  }

  func fetch(_ bench: Bench, _ path: String = "models/demo/key") async throws -> HTTPResponse {
    let headers = cookie.map { [("Cookie", CookieHeader.cookie($0))] } ?? []
    return try await bench.call(.get, "/kbs/v0/resource/\(path)", headers: headers)
  }

  func decrypted(_ answer: HTTPResponse) throws -> [UInt8] {
    try JWE.decrypt(answer.body, with: key).withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
  }

  /// Handshake and attestation in one.
  static func attested(_ bench: Bench, edit: (inout Pod) -> Void = { _ in }) async throws -> (Pod, HTTPResponse) {
    var pod = Pod()
    edit(&pod)
    _ = try await pod.open(bench)
    let answer = try await pod.attest(bench)
    return (pod, answer)
  }
}
