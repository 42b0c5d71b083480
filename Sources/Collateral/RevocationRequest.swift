import Cryptography

/// The question to a responder about one certificate, in DER. Not signed: responders answer anybody.
///
/// Spec: RFC 6960 §4.1.1; a nonce as in RFC 8954.
enum RevocationRequest {
  private static let sha384: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]
  /// 1.3.6.1.5.5.7.48.1.2
  private static let nonceOID: [UInt8] = [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02]

  static func der(_ id: CertificateID, nonce: [UInt8]?) -> [UInt8] {
    let algorithm = element(0x30, element(0x06, sha384))
    let certificate = element(
      0x30,
      algorithm + element(0x04, id.issuerNameHash) + element(0x04, id.issuerKeyHash) + integer(id.serialNumber))
    var request = element(0x30, element(0x30, certificate))
    if let nonce {
      let item = element(0x30, element(0x06, nonceOID) + element(0x04, nonceValue(nonce)))
      request += element(0xA2, element(0x30, item))
    }
    return element(0x30, element(0x30, request))
  }

  /// The content of the extension, in a question and in the answer that repeats it.
  static func nonceValue(_ nonce: [UInt8]) -> [UInt8] { element(0x04, nonce) }

  private static func integer(_ magnitude: [UInt8]) -> [UInt8] {
    element(0x02, (magnitude.first ?? 0x80) >= 0x80 ? [0] + magnitude : magnitude)
  }

  private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    switch content.count {
    case ..<0x80: [tag, UInt8(content.count)] + content
    case ..<0x100: [tag, 0x81, UInt8(content.count)] + content
    default: [tag, 0x82, UInt8(content.count >> 8 & 0xFF), UInt8(content.count & 0xFF)] + content
    }
  }
}
