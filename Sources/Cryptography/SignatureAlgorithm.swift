import CCrypto

/// How a certificate or revocation list says it was signed.
package enum SignatureAlgorithm: Sendable, Hashable {
  case rsaPSS(Hash, mgf1Hash: Hash, saltLength: Int)
  case rsaPKCS1(Hash)
  case ecdsa(Hash)
  case ed25519
  /// Anything else, weak hashes among it.
  case other

  init(_ raw: cc_signature_algorithm) {
    let hash = Hash(number: raw.hash)
    switch (raw.kind, hash) {
    case (CC_SIGNATURE_ED25519, _): self = .ed25519
    case (CC_SIGNATURE_ECDSA, let hash?): self = .ecdsa(hash)
    case (CC_SIGNATURE_RSA_PKCS1, let hash?): self = .rsaPKCS1(hash)
    case (CC_SIGNATURE_RSA_PSS, let hash?):
      guard let mask = Hash(number: raw.mgf_hash), let salt = Int(exactly: raw.salt) else { fallthrough }
      self = .rsaPSS(hash, mgf1Hash: mask, saltLength: salt)
    default: self = .other
    }
  }
}
