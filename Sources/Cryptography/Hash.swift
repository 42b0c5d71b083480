import CCrypto

/// The hash functions in use. Spec: FIPS 180-4.
package enum Hash: Sendable, Hashable, CaseIterable {
  case sha256, sha384, sha512

  package var byteCount: Int {
    switch self {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  var number: Int32 {
    switch self {
    case .sha256: CC_SHA256
    case .sha384: CC_SHA384
    case .sha512: CC_SHA512
    }
  }

  init?(number: Int32) {
    switch number {
    case CC_SHA256: self = .sha256
    case CC_SHA384: self = .sha384
    case CC_SHA512: self = .sha512
    default: return nil
    }
  }

  package func digest(_ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    unsafe must(cc_hash(number, bytes, bytes.count, &output), "hash")
    return output
  }

  package func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    let number = number
    unsafe bytes.withRawBytes { unsafe must(cc_hash(number, $0.baseAddress, $0.count, &output), "hash") }
    return output
  }

  /// The digest of a secret that is not itself secret, such as a key commitment.
  package func digest(_ secret: borrowing SecretBytes) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    let (number, count) = (number, secret.count)
    unsafe secret.withPointer { unsafe must(cc_hash(number, $0, count, &output), "hash") }
    return output
  }

  /// Spec: RFC 2104.
  package func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    unsafe must(cc_hmac(number, key, key.count, message, message.count, &output), "authenticate")
    return output
  }

  package func hmac(key: borrowing SecretBytes, _ message: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: byteCount)
    let (number, count) = (number, key.count)
    unsafe key.withPointer { unsafe must(cc_hmac(number, $0, count, message, message.count, &output), "authenticate") }
    return output
  }
}
