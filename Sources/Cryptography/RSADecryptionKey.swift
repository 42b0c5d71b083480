import CCrypto

/// A private key for RSA-OAEP with SHA-256 and MGF1-SHA-256 and an empty label, held by libcrypto. Spec: RFC 8017 §7.1.
package final class RSADecryptionKey: Sendable {
  /// Modulus and exponent, big-endian without leading zeros.
  package let n: [UInt8]
  package let e: [UInt8]
  private let handle: KeyHandle

  private init(_ handle: KeyHandle) throws(CryptoError) {
    guard unsafe cc_key_kind(handle.pointer) == CC_RSA else { throw .unsupported }
    (n, e) = try rsaNumbers(handle)
    self.handle = handle
  }

  /// - Throws: `CryptoError.badLength` unless 2048 to 8192 bits.
  package static func generate(bits: Int) throws(CryptoError) -> RSADecryptionKey {
    guard let size = Int32(exactly: bits) else { throw .badLength }
    return unsafe try RSADecryptionKey(try KeyHandle.make { unsafe cc_rsa_generate(size, $0) })
  }

  package convenience init(pkcs8DER der: borrowing SecretBytes) throws(CryptoError) {
    try self.init(try KeyHandle.make(privateKeyInfo: der))
  }

  /// - Throws: `CryptoError.authenticationFailed`, whatever was wrong with the padding.
  package func decrypt(_ ciphertext: [UInt8]) throws(CryptoError) -> SecretBytes {
    var status = CC_FAILED
    var count = 0
    let padded = SecretBytes.make(count: n.count) { span in
      unsafe span.withUnsafeMutableBytes {
        status = unsafe cc_rsa_oaep_decrypt(
          handle.pointer, ciphertext, ciphertext.count, $0.baseAddress, $0.count, &count)
      }
    }
    try check(status)
    return padded.prefix(count)
  }

  func privateKeyInfo() -> SecretBytes { handle.privateKeyInfo() }
}

/// A public key for RSA-OAEP with SHA-256: 2048 to 8192 bits, odd exponent of at least 65537.
package struct RSAEncryptionKey: Sendable {
  private let handle: KeyHandle

  /// - Throws: `CryptoError.badKey`, `.badLength`.
  package init(n: [UInt8], e: [UInt8]) throws(CryptoError) {
    handle = unsafe try KeyHandle.make { unsafe cc_rsa_from_numbers(n, n.count, e, e.count, $0) }
  }

  package func encrypt(_ secret: borrowing SecretBytes) throws(CryptoError) -> [UInt8] {
    let count = secret.count
    let key = unsafe handle.pointer
    var bytes = unsafe cc_bytes()
    defer { unsafe cc_bytes_free(&bytes) }
    unsafe try check(secret.withPointer { unsafe cc_rsa_oaep_encrypt(key, $0, count, &bytes) })
    return unsafe Array(UnsafeBufferPointer(start: bytes.data, count: bytes.count))
  }
}

private func rsaNumbers(_ key: KeyHandle) throws(CryptoError) -> (n: [UInt8], e: [UInt8]) {
  var (n, e) = unsafe (cc_bytes(), cc_bytes())
  defer {
    unsafe cc_bytes_free(&n)
    unsafe cc_bytes_free(&e)
  }
  unsafe try check(cc_rsa_numbers(key.pointer, &n, &e))
  return unsafe (
    Array(UnsafeBufferPointer(start: n.data, count: n.count)), Array(UnsafeBufferPointer(start: e.data, count: e.count))
  )
}
