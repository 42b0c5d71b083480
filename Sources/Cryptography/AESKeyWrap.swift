import CCrypto

/// AES-256 key wrap with the default initial value. Spec: RFC 3394 §2.2.
package enum AESKeyWrap {
  /// - Throws: `CryptoError.badLength` unless `secret` is a multiple of 8 bytes and at least 16.
  package static func wrap(
    _ secret: borrowing SecretBytes, key: borrowing SecretBytes
  ) throws(CryptoError) -> [UInt8] {
    var wrapped = [UInt8](repeating: 0, count: secret.count + 8)
    let (keyCount, secretCount) = (key.count, secret.count)
    let status = unsafe key.withPointer { keyBytes in
      unsafe secret.withPointer { unsafe cc_key_wrap(keyBytes, keyCount, $0, secretCount, &wrapped) }
    }
    try check(status)
    return wrapped
  }

  /// - Throws: `CryptoError.authenticationFailed` when the check value does not come out.
  package static func unwrap(
    _ wrapped: [UInt8], key: borrowing SecretBytes
  ) throws(CryptoError) -> SecretBytes {
    guard wrapped.count >= 24 else { throw .badLength }
    let keyCount = key.count
    var status = CC_FAILED
    let secret = SecretBytes.make(count: wrapped.count - 8) { span in
      unsafe span.withUnsafeMutableBytes { target in
        let plaintext = target.baseAddress
        status = unsafe key.withPointer { unsafe cc_key_unwrap($0, keyCount, wrapped, wrapped.count, plaintext) }
      }
    }
    try check(status)
    return secret
  }
}
