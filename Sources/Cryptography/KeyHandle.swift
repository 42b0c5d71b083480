import CCrypto

/// Owns one asymmetric key of libcrypto. Safe to share: libcrypto counts references atomically and locks its caches, and
/// the one thing that is set later, the EVP form of a point, is set once and atomically.
@safe
final class KeyHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }
  deinit { unsafe cc_key_free(pointer) }

  /// The key that `make` hands out.
  static func make(_ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws(CryptoError) -> KeyHandle {
    var pointer: OpaquePointer?
    try check(unsafe make(&pointer))
    guard let made = unsafe pointer else { throw .internalFailure }
    return unsafe KeyHandle(owning: made)
  }

  /// The private key in a DER `PrivateKeyInfo`.
  static func make(privateKeyInfo der: borrowing SecretBytes) throws(CryptoError) -> KeyHandle {
    let count = der.count
    var pointer: OpaquePointer?
    try check(unsafe der.withPointer { unsafe cc_key_from_pkcs8($0, count, &pointer) })
    guard let made = unsafe pointer else { throw .internalFailure }
    return unsafe KeyHandle(owning: made)
  }

  /// The private key of a scalar, big-endian at the full width of the curve.
  static func make(scalar: borrowing SecretBytes, on curve: Curve) throws(CryptoError) -> KeyHandle {
    let count = scalar.count
    var pointer: OpaquePointer?
    try check(unsafe scalar.withPointer { unsafe cc_ec_from_scalar(curve.number, $0, count, &pointer) })
    guard let made = unsafe pointer else { throw .internalFailure }
    return unsafe KeyHandle(owning: made)
  }

  var subjectPublicKeyInfo: [UInt8] {
    get throws(CryptoError) { try unsafe collect { unsafe cc_key_spki(pointer, $0) } }
  }

  /// - Precondition: a private key; only memory can then be wanting.
  func privateKeyInfo() -> SecretBytes {
    unsafe collectSecret("encode a key") { unsafe cc_key_pkcs8(pointer, $0) }
  }
}

/// The curves of ECDSA and ECDH.
package enum Curve: Sendable, Hashable {
  case p256, p384, p521

  /// Bytes of one coordinate.
  package var byteCount: Int {
    switch self {
    case .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  var number: Int32 {
    switch self {
    case .p256: CC_P256
    case .p384: CC_P384
    case .p521: CC_P521
    }
  }

  init?(number: Int32) {
    switch number {
    case CC_P256: self = .p256
    case CC_P384: self = .p384
    case CC_P521: self = .p521
    default: return nil
    }
  }
}
