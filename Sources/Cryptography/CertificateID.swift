/// Which certificate a responder is asked about: whose it is, by digests of its issuer's name and key, and its serial
/// number. Unverified: anybody can name a certificate.
///
/// Spec: RFC 6960 §4.1.1, CertID.
package struct CertificateID: Hashable, Sendable {
  package let issuerNameHash: [UInt8]
  package let issuerKeyHash: [UInt8]
  /// Big-endian without leading zeros.
  package let serialNumber: [UInt8]

  package init(issuerNameHash: [UInt8], issuerKeyHash: [UInt8], serialNumber: [UInt8]) {
    self.issuerNameHash = issuerNameHash
    self.issuerKeyHash = issuerKeyHash
    self.serialNumber = serialNumber
  }

  /// With SHA-384; `nil` when the issuer's key is none on P-384.
  package init?(of certificate: Certificate, issuer: Certificate) {
    guard issuer.publicKey?.kind == .p384 else { return nil }
    self.init(
      issuerNameHash: Hash.sha384.digest(issuer.subject.der),
      // Of the point alone, which stands at the end of the key.
      issuerKeyHash: Hash.sha384.digest(Array(issuer.subjectPublicKeyInfo.suffix(Self.pointByteCount))),
      serialNumber: certificate.serialNumber)
  }

  private static let pointByteCount = 97
}
