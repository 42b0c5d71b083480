package import Bytes
package import Cryptography
import Verification

/// What a vendor answered. Unverified.
package struct VendorResponse: Sendable {
  package let status: Int
  /// Names in lower case.
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  private func values(_ names: [String]) -> [String] { headers.filter { names.contains($0.name) }.map(\.value) }

  /// The artefact in the form in which it is kept, when it is what was asked for.
  ///
  /// Says nothing about who signed it: that is for `CollateralShelf`.
  /// - Parameter known: certificates that help to prove it, where the vendor sends none.
  /// - Throws: `CollateralFault`.
  package func record(
    for request: VendorRequest, knowing known: [Certificate] = [], at now: Timestamp
  ) throws(CollateralFault) -> CollateralRecord {
    try checkStatus(at: now)
    guard body.count <= request.limitBytes else { throw .unreadable("too long") }
    let artefacts = CollateralArtefact.all(in: try content(for: request.key))
    let wanted = artefacts.filter { request.key.isAnswered(by: $0.subject) }
    guard let main = wanted.first, Set(wanted).count == 1 else {
      throw artefacts.isEmpty ? .unreadable("no artefact") : .notWhatWasAsked
    }
    if case .answer(let answer) = main, let repeated = answer.nonce, let nonce = request.nonce {
      guard repeated == RevocationRequest.nonceValue(nonce) else { throw .notWhatWasAsked }
    }
    let chain = try issuers(for: request.key, artefacts) + known
    guard let kept = KeptForm.body(main, issuers: chain) else { throw .notWhatWasAsked }
    return CollateralRecord(key: request.key, body: kept, fetchedAt: now, source: request.url)
  }

  private func checkStatus(at now: Timestamp) throws(CollateralFault) {
    switch status {
    case 200: return
    case 404, 410: throw .notFound
    case 429: throw .rateLimited(retryAfter: retryAfter(at: now))
    case 503 where retryAfter(at: now) != nil: throw .rateLimited(retryAfter: retryAfter(at: now))
    case 500...599: throw .serverFailed(status: status)
    default: throw .unexpectedStatus(status)
    }
  }

  /// Seconds or a date. Spec: RFC 9110 §10.2.3.
  private func retryAfter(at now: Timestamp) -> Duration? {
    guard let text = values(["retry-after"]).first else { return nil }
    if let seconds = UInt32(text) { return .seconds(min(seconds, 86_400)) }
    return HTTPDate.parse(text).map { max(.zero, min($0.duration(since: now), .seconds(86_400))) }
  }

  /// What the body holds: NVIDIA's in base64 within JSON, with a digest that tells damage.
  private func content(for key: CollateralKey) throws(CollateralFault) -> [UInt8] {
    if case .nvidiaAnswer = key { try checkResponder() }
    guard case .nvidiaManifest(let id) = key else { return body }
    let limits = StrictJSON.Limits(depth: 4, tokens: 256)
    guard let answer = try? StrictJSON.parse(body, limits: limits), let text = answer["rim"]?.stringValue,
      let manifest = try? Base64.decode(text, .standard, "rim")
    else { throw .unreadable("no manifest") }
    guard answer["id"]?.stringValue == id.text else { throw .notWhatWasAsked }
    guard let digest = answer["sha256"]?.stringValue.flatMap({ try? Hex.decode($0, "sha256") }),
      digest == Hash.sha256.digest(manifest)
    else { throw .unreadable("its digest does not fit") }
    return manifest
  }

  /// A responder that has no answer says so with a status of its own. Spec: RFC 6960 §4.2.1.
  private func checkResponder() throws(CollateralFault) {
    guard body.count == 5, body.starts(with: [0x30, 0x03, 0x0A, 0x01]) else { return }
    switch body[4] {
    case 3: throw .rateLimited(retryAfter: nil)
    case 6: throw .notFound
    default: throw .unreadable("responder's status \(body[4])")
    }
  }

  /// The certificates beside the artefact: Intel's in a header of the answer, AMD's in the body.
  private func issuers(
    for key: CollateralKey, _ artefacts: [CollateralArtefact]
  ) throws(CollateralFault) -> [Certificate] {
    guard let names = key.issuerChainHeaders else {
      return artefacts.compactMap { if case .certificate(let certificate) = $0 { certificate } else { nil } }
    }
    let values = values(names)
    guard let text = values.first, Set(values).count == 1 else {
      throw .unreadable(values.isEmpty ? "no issuer chain" : "two issuer chains")
    }
    let chain = CollateralArtefact.all(in: Array(text.utf8))
    let certificates = chain.compactMap { if case .certificate(let certificate) = $0 { certificate } else { nil } }
    guard (1...4).contains(certificates.count), certificates.count == chain.count else {
      throw .unreadable("issuer chain")
    }
    return certificates
  }
}

extension CollateralKey {
  /// Every name under which the issuer chain comes; `nil` when none comes in a header.
  fileprivate var issuerChainHeaders: [String]? {
    switch self {
    case .intelTCBInfo: ["tcb-info-issuer-chain", "sgx-tcb-info-issuer-chain"]
    case .intelQEIdentity: ["sgx-enclave-identity-issuer-chain"]
    case .intelPCKRevocationList: ["sgx-pck-crl-issuer-chain"]
    case .intelRootRevocationList, .amdCertificateChain, .amdVCEK, .amdRevocationList, .nvidiaManifest,
      .nvidiaAnswer:
      nil
    }
  }
}
