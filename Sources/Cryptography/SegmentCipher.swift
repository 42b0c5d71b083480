import CCrypto

/// AES-256-GCM for many segments under one key, each with a nonce of its own and no associated data: the key schedule is
/// made once, plaintext goes straight to where the caller wants it, and nothing is allocated per segment.
///
/// For one thread at a time; every worker makes its own. Safe to send: one owner, no shared state.
@safe
package struct SegmentCipher: ~Copyable, @unchecked Sendable {
  package static let nonceByteCount = 12
  package static let tagByteCount = 16

  private let context: OpaquePointer

  /// - Throws: `CryptoError.badKey` unless `key` is 32 bytes.
  package init(key: borrowing SecretBytes) throws(CryptoError) {
    let count = key.count
    guard count == 32 else { throw .badKey }
    guard let made = unsafe key.withPointer({ unsafe cc_segments_new($0, count) }) else { throw .internalFailure }
    unsafe context = unsafe made
  }

  deinit { unsafe cc_segments_free(context) }

  /// Writes ciphertext and tag, `plaintext.byteCount + 16` bytes, to the front of `sealed`.
  /// - Throws: `CryptoError.badLength` when `sealed` is too small or the nonce is not 12 bytes.
  package mutating func seal(
    _ plaintext: RawSpan, nonce: [UInt8], into sealed: inout MutableRawSpan
  ) throws(CryptoError) {
    guard sealed.byteCount >= plaintext.byteCount + Self.tagByteCount else { throw .badLength }
    let context = unsafe context
    let status = unsafe sealed.withUnsafeMutableBytes { target in
      let output = target.baseAddress
      return unsafe plaintext.withUnsafeBytes {
        unsafe cc_segments_seal(context, nonce, nonce.count, $0.baseAddress, $0.count, output)
      }
    }
    try check(status)
  }

  /// Writes the plaintext, `sealed.byteCount - 16` bytes, to the front of `plaintext`; zeros on failure.
  /// - Throws: `CryptoError.authenticationFailed`; `.badLength` when a length does not fit.
  package mutating func open(
    _ sealed: RawSpan, nonce: [UInt8], into plaintext: inout MutableRawSpan
  ) throws(CryptoError) {
    guard sealed.byteCount >= Self.tagByteCount,
      plaintext.byteCount >= sealed.byteCount - Self.tagByteCount
    else { throw .badLength }
    let context = unsafe context
    let status = unsafe plaintext.withUnsafeMutableBytes { target in
      let output = target.baseAddress
      return unsafe sealed.withUnsafeBytes {
        unsafe cc_segments_open(context, nonce, nonce.count, $0.baseAddress, $0.count, output)
      }
    }
    try check(status)
  }
}
