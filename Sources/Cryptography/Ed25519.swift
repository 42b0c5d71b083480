import CCrypto

/// An Ed25519 public key. Spec: RFC 8032 §5.1.
package struct Ed25519PublicKey: Hashable, Sendable {
  /// 32 bytes.
  package let raw: [UInt8]

  /// - Throws: `CryptoError.badLength` unless 32 bytes; whether they are a point shows when a signature is checked.
  package init(raw: [UInt8]) throws(CryptoError) {
    guard raw.count == 32 else { throw .badLength }
    self.raw = raw
  }

  package func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    unsafe cc_ed25519_verify(raw, signature, signature.count, message, message.count) == CC_OK
  }
}

/// An Ed25519 private key, kept as its 32-byte seed in secret pages; the expanded key exists only while a signature is
/// made.
package final class Ed25519PrivateKey: Sendable {
  private let seed: SecretBytes
  package let publicKey: Ed25519PublicKey

  /// - Throws: `CryptoError.badLength` unless 32 bytes.
  package init(seed: consuming SecretBytes) throws(CryptoError) {
    guard seed.count == 32 else { throw .badLength }
    var raw = [UInt8](repeating: 0, count: 32)
    unsafe try check(seed.withPointer { unsafe cc_ed25519_public($0, &raw) })
    publicKey = try Ed25519PublicKey(raw: raw)
    self.seed = seed
  }

  package static func random() -> Ed25519PrivateKey {
    // A fresh seed has the right length, and libcrypto without Ed25519 cannot serve at all.
    guard let key = try? Ed25519PrivateKey(seed: .random(count: 32)) else { fatalError("libcrypto has no Ed25519") }
    return key
  }

  /// 64 bytes, the same for the same message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    unsafe seed.withPointer { unsafe must(cc_ed25519_sign($0, message, message.count, &signature), "sign") }
    return signature
  }

  package func withSeed<R: ~Copyable, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try seed.withBytes(body)
  }
}
