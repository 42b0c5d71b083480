import CCrypto

/// One AES-256-GCM message that is larger than memory, opened piece by piece. Nothing that it gives is authentic before
/// `verify` says so of all of it.
///
/// Unchecked: the context has one owner, who may be another thread than its maker and never two at once, because the value
/// cannot be copied. Safe: the pointer never leaves, and is freed with the value.
@safe
package struct UnverifiedPassage: ~Copyable, @unchecked Sendable {
  private let passage: OpaquePointer

  /// - Throws: `CryptoError.badKey` unless the key has 32 bytes, `.badLength` unless the nonce has 12.
  package init(key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]) throws(CryptoError) {
    let count = key.count
    guard count == 32 else { throw .badKey }
    guard nonce.count == AESGCM.nonceByteCount else { throw .badLength }
    guard
      let made = unsafe key.withPointer({ unsafe cc_passage_new($0, count, nonce, nonce.count, aad, aad.count) })
    else { throw .internalFailure }
    unsafe passage = made
  }

  deinit { unsafe cc_passage_free(passage) }

  /// Opens the next bytes, whoever made them.
  /// - Throws: `CryptoError.badLength` when the spans differ in length, or past the format's 64 GiB.
  package mutating func open(_ sealed: RawSpan, into plaintext: inout MutableRawSpan) throws(CryptoError) {
    guard sealed.byteCount == plaintext.byteCount else { throw .badLength }
    let passage = unsafe passage
    let status = unsafe plaintext.withUnsafeMutableBytes { target in
      let output = target.baseAddress
      return unsafe sealed.withUnsafeBytes { unsafe cc_passage_open(passage, $0.baseAddress, $0.count, output) }
    }
    try check(status)
  }

  /// - Throws: `CryptoError.authenticationFailed` when any bit of key, nonce, aad, message or tag differs.
  package consuming func verify(tag: [UInt8]) throws(CryptoError) {
    guard tag.count == AESGCM.tagByteCount else { throw .badLength }
    try check(unsafe cc_passage_verify(passage, tag))
  }
}
