import Bytes
import Cryptography

/// The firmware that a device's key was made for, as the device's boot ROM certified it.
///
/// Spec: TCG DICE Attestation Architecture, FWID (2.23.133.5.4.1) in Hopper and its switches, TcbInfo (…4.1.1) later.
struct CertifiedFirmware: Sendable, Equatable {
  /// SHA-384; `nil` when the certificate names none.
  let id: [UInt8]?

  private static let firmwareOID = "2.23.133.5.4.1"
  private static let tcbInfoOID = "2.23.133.5.4.1.1"
  /// 2.16.840.1.101.3.4.2.2
  private static let sha384OID: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]

  /// - Parameter issuerKey: SubjectPublicKeyInfo, which the older form repeats.
  init(_ certificate: Certificate, issuerKey: [UInt8]) throws(Refusal) {
    let older = certificate.extensionValues(Self.firmwareOID)
    let newer = certificate.extensionValues(Self.tcbInfoOID)
    guard let value = older.first ?? newer.first else {
      id = nil
      return
    }
    guard older.count + newer.count == 1 else { throw Refusal(.extensionInvalid, "device.firmwareID") }
    guard let found = older.isEmpty ? Self.fromTCBInfo(value) : try Self.fromFirmwareID(value, issuerKey) else {
      throw Refusal(.extensionInvalid, "device.firmwareID")
    }
    id = found
  }

  /// SEQUENCE { INTEGER 1, the issuer's key, SEQUENCE { hash, digest } }
  private static func fromFirmwareID(_ value: [UInt8], _ issuerKey: [UInt8]) throws(Refusal) -> [UInt8]? {
    var outer = DERReader(value)
    guard let content = outer.element(0x30), outer.isAtEnd else { return nil }
    var fields = DERReader(content)
    guard fields.integer() == 1, let key = fields.element(0x30), let digest = fields.element(0x30), fields.isAtEnd
    else { return nil }
    var wanted = DERReader(issuerKey)
    guard wanted.element(0x30) == key else { throw Refusal(.signingKeyMismatch, "device.firmwareID.issuerKey") }
    return self.digest(digest)
  }

  /// The first digest of the field that holds a list of them; the other fields are optional and in ascending order.
  private static func fromTCBInfo(_ value: [UInt8]) -> [UInt8]? {
    var outer = DERReader(value)
    guard let content = outer.element(0x30), outer.isAtEnd else { return nil }
    var fields = DERReader(content)
    var list: ArraySlice<UInt8>?
    for number: UInt8 in 0..<16 {
      _ = fields.element(0x80 | number)
      let constructed = fields.element(0xA0 | number)
      if number == 6 { list = constructed }
    }
    guard fields.isAtEnd, let list else { return nil }
    var digests = DERReader(list)
    return digests.element(0x30).flatMap { digest($0) }
  }

  private static func digest(_ content: ArraySlice<UInt8>) -> [UInt8]? {
    var fields = DERReader(content)
    guard fields.element(0x06).map(Array.init) == sha384OID, let digest = fields.element(0x04), fields.isAtEnd,
      digest.count == 48
    else { return nil }
    return Array(digest)
  }
}
