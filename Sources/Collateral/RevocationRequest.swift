import Cryptography

/// The question to a responder about one certificate, in DER. Not signed: responders answer anybody.
///
/// Spec: RFC 6960 §4.1.1; a nonce as in RFC 8954.
enum RevocationRequest {
  private static let sha384 = DER.objectIdentifier(2, 16, 840, 1, 101, 3, 4, 2, 2)
  private static let nonceOID = DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 48, 1, 2)

  static func der(_ id: CertificateID, nonce: [UInt8]?) -> [UInt8] {
    let certificate = DER.sequence(
      DER.sequence(sha384), DER.octetString(id.issuerNameHash), DER.octetString(id.issuerKeyHash),
      DER.integer(id.serialNumber))
    var request = DER.sequence(DER.sequence(certificate))
    if let nonce {
      let item = DER.sequence(nonceOID, DER.octetString(nonceValue(nonce)))
      request += DER.element(0xA2, DER.sequence(item))
    }
    return DER.sequence(DER.sequence(request))
  }

  /// The content of the extension, in a question and in the answer that repeats it.
  static func nonceValue(_ nonce: [UInt8]) -> [UInt8] { DER.octetString(nonce) }
}
