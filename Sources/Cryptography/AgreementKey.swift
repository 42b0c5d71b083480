import CCrypto

/// The curves on which a secret may be agreed. Spec: CoCo KBS protocol, tee-pubkey.
package enum AgreementCurve: Sendable, Hashable, CaseIterable {
  case p256, p521

  package var curve: Curve { self == .p256 ? .p256 : .p521 }
  package var byteCount: Int { curve.byteCount }
  /// Spec: RFC 7518 §6.2.1.1.
  package var joseName: String { curve.joseName }

  init?(joseName: String) {
    guard let curve = Self.allCases.first(where: { $0.joseName == joseName }) else { return nil }
    self = curve
  }
}

/// A private key for ECDH, held by libcrypto.
package final class AgreementKey: Sendable {
  package let curve: AgreementCurve
  package let publicKey: ECPublicKey
  private let handle: KeyHandle

  private init(_ curve: AgreementCurve, _ handle: KeyHandle) throws(CryptoError) {
    publicKey = try ECPublicKey(handle)
    guard publicKey.curve == curve.curve else { throw .badKey }
    self.curve = curve
    self.handle = handle
  }

  package static func generate(_ curve: AgreementCurve) -> AgreementKey {
    let handle = try? unsafe KeyHandle.make { unsafe cc_ec_generate(curve.curve.number, $0) }
    // libcrypto that cannot make a key on its own curves cannot serve at all.
    guard let handle, let key = try? AgreementKey(curve, handle) else { fatalError("libcrypto cannot make a key") }
    return key
  }

  /// The key of a private scalar, big-endian at the full width.
  /// - Throws: `CryptoError.badKey` unless it lies between 1 and the order of the curve.
  package convenience init(_ curve: AgreementCurve, scalar: borrowing SecretBytes) throws(CryptoError) {
    try self.init(curve, try KeyHandle.make(scalar: scalar, on: curve.curve))
  }

  package convenience init(pkcs8DER der: borrowing SecretBytes) throws(CryptoError) {
    let handle = try KeyHandle.make(privateKeyInfo: der)
    let kind = unsafe Curve(number: cc_key_kind(handle.pointer))
    guard let curve = AgreementCurve.allCases.first(where: { $0.curve == kind }) else { throw .unsupported }
    try self.init(curve, handle)
  }

  /// Z: the X coordinate of the shared point at the full width of the field. Spec: SEC 1 §3.3.1.
  /// - Throws: `CryptoError.badKey` when the peer's point lies on another curve.
  package func sharedSecret(with peer: ECPublicKey) throws(CryptoError) -> SecretBytes {
    var status = CC_FAILED
    let (own, other) = unsafe (handle.pointer, peer.handle.pointer)
    let secret = SecretBytes.make(count: curve.byteCount) { span in
      unsafe span.withUnsafeMutableBytes { status = unsafe cc_ec_agree(own, other, $0.baseAddress, $0.count) }
    }
    withExtendedLifetime((self, peer)) {}
    try check(status)
    return secret
  }

  func privateKeyInfo() -> SecretBytes { handle.privateKeyInfo() }
}
