import CCrypto

/// A private key for ES256 and for TLS, held by libcrypto.
package final class P256SigningKey: Sendable {
  private let handle: KeyHandle
  package let publicKey: ECPublicKey

  private init(_ handle: KeyHandle) throws(CryptoError) {
    publicKey = try ECPublicKey(handle)
    guard publicKey.curve == .p256 else { throw .unsupported }
    self.handle = handle
  }

  package static func generate() -> P256SigningKey {
    let key = unsafe try? P256SigningKey(try KeyHandle.make { unsafe cc_ec_generate(CC_P256, $0) })
    // libcrypto that cannot make a P-256 key cannot serve at all.
    guard let key else { fatalError("libcrypto has no P-256") }
    return key
  }

  /// - Throws: `CryptoError.badKey`; `.unsupported` for a key of another kind or curve.
  package convenience init(pkcs8DER der: consuming SecretBytes) throws(CryptoError) {
    try self.init(try KeyHandle.make(privateKeyInfo: der))
  }

  /// Reads `-----BEGIN PRIVATE KEY-----`.
  package convenience init(pkcs8PEM text: consuming SecretBytes) throws(CryptoError) {
    try self.init(pkcs8DER: try PEM.decodeSecret(text, label: "PRIVATE KEY"))
  }

  /// DER `PrivateKeyInfo`. Spec: RFC 5958 version 0.
  package func pkcs8() -> SecretBytes { handle.privateKeyInfo() }

  package func pkcs8PEM() -> SecretBytes { PEM.encodeSecret("PRIVATE KEY", pkcs8()) }

  /// `r ‖ s`, 64 bytes, over SHA-256 of the message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    var raw = [UInt8](repeating: 0, count: 64)
    unsafe must(cc_ecdsa_sign(handle.pointer, CC_SHA256, message, message.count, &raw, raw.count), "sign")
    return raw
  }
}
