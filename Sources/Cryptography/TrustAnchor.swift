/// What a chain may end in: a name and a public key, and nothing else of any certificate. Judged: who configures it
/// vouches for it.
package struct TrustAnchor: Sendable, Hashable {
  /// For people and logs.
  package let name: String
  /// DER `Name`.
  package let subject: [UInt8]
  package let subjectPublicKeyInfo: [UInt8]
  /// A certificate made around name and key, because libcrypto wants one; `nil` when they are not a name and a key.
  let carrier: Certificate?
  /// `nil` when it is no key of a permitted kind.
  let key: VerifyingKey?

  package init(name: String, subject: [UInt8], subjectPublicKeyInfo: [UInt8]) {
    self.name = name
    self.subject = subject
    self.subjectPublicKeyInfo = subjectPublicKeyInfo
    key = try? VerifyingKey(subjectPublicKeyInfo: subjectPublicKeyInfo)
    carrier = key.flatMap { Self.makeCarrier(subject, subjectPublicKeyInfo, $0.kind) }
  }

  /// Name and key of a certificate that the caller has another reason to trust; nothing of it is checked.
  package init(name: String, unverifiedCertificate certificate: Certificate) {
    self.init(
      name: name, subject: certificate.subject.der, subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)
  }

  /// Whether subject and key are a DER name and a key of a permitted kind. An anchor that is not usable trusts nothing.
  package var isUsable: Bool { carrier != nil }

  package static func == (left: Self, right: Self) -> Bool {
    left.name == right.name && left.subject == right.subject
      && left.subjectPublicKeyInfo == right.subjectPublicKeyInfo
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(subject)
    hasher.combine(subjectPublicKeyInfo)
  }

  /// A serial number no authority would give, so that no revocation list speaks of it by accident.
  private static let serial: [UInt8] = [0x7A] + Array("vouchsafe.anchor/01".utf8)

  /// One that the key could have made: libcrypto takes a certificate for self-signed only if the two fit.
  private static func signatureAlgorithm(of kind: VerifyingKey.Kind) -> [UInt8] {
    switch kind {
    case .p256, .p384, .p521: DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 3, 2))  // ecdsa-with-SHA256
    case .rsa: DER.sequence(DER.objectIdentifier(1, 2, 840, 113549, 1, 1, 11), [0x05, 0x00])  // with SHA-256
    case .ed25519: DER.sequence(DER.objectIdentifier(1, 3, 101, 112))
    }
  }

  /// Self-issued, valid from 1970 to 9999, an authority that may sign certificates and lists, and with no signature:
  /// libcrypto does not look at an anchor's own.
  private static func makeCarrier(
    _ subject: [UInt8], _ key: [UInt8], _ kind: VerifyingKey.Kind
  ) -> Certificate? {
    let algorithm = signatureAlgorithm(of: kind)
    let validity = DER.sequence(
      DER.element(0x17, Array("700101000000Z".utf8)), DER.element(0x18, Array("99991231235959Z".utf8)))
    let constraints = DER.sequence(
      DER.objectIdentifier(2, 5, 29, 19), DER.true, DER.octetString(DER.sequence(DER.true)))
    let usage = DER.sequence(
      DER.objectIdentifier(2, 5, 29, 15), DER.true, DER.octetString(DER.bitString([0x06], unusedBits: 1)))
    let body = DER.sequence(
      DER.element(0xA0, DER.integer([2])), DER.integer(serial), algorithm, subject, validity, subject, key,
      DER.element(0xA3, DER.sequence(constraints, usage)))
    return try? Certificate(der: DER.sequence(body, algorithm, DER.bitString([])))
  }
}
