import CCrypto

/// AES-256-GCM over whole messages: 32-byte key, 12-byte nonce, the 16-byte tag behind the ciphertext.
/// Spec: NIST SP 800-38D. A nonce must never serve twice under one key; callers choose it.
package enum AESGCM {
  package static let nonceByteCount = 12
  package static let tagByteCount = 16

  /// - Throws: `CryptoError.badKey`, `.badLength` for a key or nonce of another size.
  package static func seal(
    _ plaintext: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    unsafe try seal(from: plaintext.span.bytes, key, nonce, aad)
  }

  package static func sealSecret(
    _ secret: borrowing SecretBytes, key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    var sealed: [UInt8] = []
    var failure: CryptoError?
    secret.withBytes { span in
      do throws(CryptoError) { sealed = try seal(from: span, key, nonce, aad) } catch { failure = error }
    }
    if let failure { throw failure }
    return sealed
  }

  /// - Throws: `CryptoError.authenticationFailed` when any bit of key, nonce, aad or `sealed` differs.
  package static func open(
    _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard sealed.count >= tagByteCount else { throw .badLength }
    var plaintext = [UInt8](repeating: 0, count: sealed.count - tagByteCount)
    let keyCount = key.count
    unsafe try check(
      key.withPointer {
        unsafe cc_gcm_open(
          $0, keyCount, nonce, nonce.count, aad, aad.count, sealed, sealed.count, &plaintext)
      })
    return plaintext
  }

  /// As `open`, straight into secret pages.
  package static func openSecret(
    _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    guard sealed.count >= tagByteCount else { throw .badLength }
    let keyCount = key.count
    var status = CC_FAILED
    let secret = SecretBytes.make(count: sealed.count - tagByteCount) { span in
      unsafe span.withUnsafeMutableBytes { target in
        let plaintext = target.baseAddress
        status = unsafe key.withPointer {
          unsafe cc_gcm_open(
            $0, keyCount, nonce, nonce.count, aad, aad.count, sealed, sealed.count, plaintext)
        }
      }
    }
    try check(status)
    return secret
  }

  private static func seal(
    from plaintext: RawSpan, _ key: borrowing SecretBytes, _ nonce: [UInt8], _ aad: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    var sealed = [UInt8](repeating: 0, count: plaintext.byteCount + tagByteCount)
    let keyCount = key.count
    let status = unsafe plaintext.withUnsafeBytes { source in
      unsafe key.withPointer {
        unsafe cc_gcm_seal(
          $0, keyCount, nonce, nonce.count, aad, aad.count, source.baseAddress, source.count, &sealed)
      }
    }
    try check(status)
    return sealed
  }
}
