import Bytes
package import Cryptography

/// What a guest's evidence must be bound to: the nonce, the TEE's public key, and the other devices' evidence.
///
/// Spec: kbs-protocol §1.8. Two documents in RFC 8785 form: the one for additional devices has no `additional-evidence`
/// member; the one for the CPU always has it, even when it is the empty string. All three are bound byte for byte.
package struct RuntimeData: Equatable, Sendable {
  package enum Document: Sendable { case device, primary }

  package let nonce: String
  package let teePublicKey: JWK
  package let additionalEvidence: String

  package init(nonce: String, teePublicKey: JWK, additionalEvidence: String = "") {
    self.nonce = nonce
    self.teePublicKey = teePublicKey
    self.additionalEvidence = additionalEvidence
  }

  package func encoded(_ document: Document) -> [UInt8] {
    var object = JSONObject([("nonce", .string(nonce)), ("tee-pubkey", teePublicKey.json)])
    if document == .primary { object["additional-evidence"] = .string(additionalEvidence) }
    return CanonicalJSON.encode(.object(object))
  }

  /// 48 bytes with SHA-384, the protocol's default.
  package func digest(_ document: Document, hash: Hash = .sha384) -> [UInt8] { hash.digest(encoded(document)) }
}
