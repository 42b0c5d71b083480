import CCrypto

/// A public key that checks signatures, of a permitted kind: a point on P-256, P-384 or P-521 given by the curve's name,
/// RSA of 2048 to 8192 bits with an odd exponent of at least 65537, or Ed25519.
package struct VerifyingKey: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case p256, p384, p521
    case rsa(bits: Int)
    case ed25519
  }

  package let kind: Kind
  /// DER as given.
  package let subjectPublicKeyInfo: [UInt8]
  let handle: KeyHandle

  /// - Throws: `CryptoError.badKey`, `.malformed` when not the key's one DER form, `.unsupported` for another kind.
  package init(subjectPublicKeyInfo der: [UInt8]) throws(CryptoError) {
    let handle = try unsafe KeyHandle.make { unsafe cc_key_from_spki(der, der.count, $0) }
    try self.init(handle, der)
  }

  init(_ handle: KeyHandle, _ der: [UInt8]) throws(CryptoError) {
    switch unsafe cc_key_kind(handle.pointer) {
    case CC_P256: kind = .p256
    case CC_P384: kind = .p384
    case CC_P521: kind = .p521
    case CC_RSA: kind = .rsa(bits: Int(unsafe cc_key_bits(handle.pointer)))
    case CC_ED25519: kind = .ed25519
    default: throw .unsupported
    }
    self.handle = handle
    subjectPublicKeyInfo = der
  }

  package static func == (left: Self, right: Self) -> Bool { left.subjectPublicKeyInfo == right.subjectPublicKeyInfo }
  package func hash(into hasher: inout Hasher) { hasher.combine(subjectPublicKeyInfo) }

  /// ECDSA with `r ‖ s`, each exactly as wide as the field, as in JWS, TDX and SNP.
  package func isValidECDSA(raw signature: [UInt8], for message: [UInt8], hash: Hash) -> Bool {
    unsafe cc_ecdsa_verify_raw(
      handle.pointer, hash.number, signature, signature.count, message, message.count) == CC_OK
  }

  /// ECDSA with a DER `SEQUENCE`, as in X.509 and TPM tools.
  package func isValidECDSA(der signature: [UInt8], for message: [UInt8], hash: Hash) -> Bool {
    unsafe cc_ecdsa_verify_der(
      handle.pointer, hash.number, signature, signature.count, message, message.count) == CC_OK
  }

  /// RSASSA-PSS with MGF1 over the same hash and exactly this salt length.
  package func isValidRSAPSS(_ signature: [UInt8], for message: [UInt8], hash: Hash, saltLength: Int) -> Bool {
    guard let salt = Int32(exactly: saltLength) else { return false }
    return unsafe cc_rsa_verify_pss(
      handle.pointer, hash.number, salt, signature, signature.count, message, message.count) == CC_OK
  }

  /// RSASSA-PKCS1-v1_5.
  package func isValidRSAPKCS1(_ signature: [UInt8], for message: [UInt8], hash: Hash) -> Bool {
    unsafe cc_rsa_verify_pkcs1(
      handle.pointer, hash.number, signature, signature.count, message, message.count) == CC_OK
  }

  /// Pure Ed25519; false for every other kind of key.
  package func isValidEd25519(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    guard kind == .ed25519, let key = try? Ed25519PublicKey(raw: Array(subjectPublicKeyInfo.suffix(32))) else {
      return false
    }
    return key.isValid(signature, for: message)
  }
}
