package import Bytes
import Glibc

/// Makes a TLS certificate signed with its own key: an end entity for server and client use. Spec: RFC 5280 §4.
package enum SelfSignedCertificate {
  /// - Parameters:
  ///   - ipAddresses: text of IPv4 or IPv6 addresses.
  ///   - serial: big-endian, not zero, at most 20 bytes.
  /// - Returns: DER.
  /// - Throws: `CryptoError.malformed` for a name or address that cannot stand in a certificate, `.badLength` for a serial.
  package static func make(
    commonName: String, dnsNames: [String], ipAddresses: [String], key: P256SigningKey, notBefore: Timestamp,
    notAfter: Timestamp, serial: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard serial.count <= 20, serial.contains(where: { $0 != 0 }), serial[0] < 0x80 else { throw .badLength }
    guard (1...64).contains(commonName.utf8.count) else { throw .malformed }
    let algorithm = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 3, 2))  // ecdsa-with-SHA256
    let name = DER.sequence(
      DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String(commonName))))
    let extensions = try extensions(dnsNames, ipAddresses, key.publicKey)
    let body = DER.sequence(
      DER.element(0xA0, DER.integer([2])), DER.integer(serial), algorithm, name,
      DER.sequence(time(notBefore), time(notAfter)), name, key.publicKey.subjectPublicKeyInfo,
      DER.element(0xA3, extensions))
    let raw = key.sign(body)
    let signature = DER.sequence(DER.integer(Array(raw.prefix(32))), DER.integer(Array(raw.suffix(32))))
    return DER.sequence(body, algorithm, DER.bitString(signature))
  }

  private static func extensions(
    _ dnsNames: [String], _ addresses: [String], _ key: ECPublicKey
  ) throws(CryptoError) -> [UInt8] {
    var names: [UInt8] = []
    for dns in dnsNames {
      guard !dns.isEmpty, dns.utf8.count <= 253, dns.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw .malformed
      }
      names += DER.element(0x82, Array(dns.utf8))
    }
    for address in addresses { names += DER.element(0x87, try octets(of: address)) }
    let identifier = Hash.sha256.digest([4] + key.x + key.y).prefix(20)  // RFC 7093 §2, method 1
    var list = entry(DER.objectIdentifier(2, 5, 29, 19), isCritical: true, DER.sequence())
    list += entry(DER.objectIdentifier(2, 5, 29, 15), isCritical: true, DER.bitString([0x80], unusedBits: 7))
    list += entry(
      DER.objectIdentifier(2, 5, 29, 37), isCritical: false,
      DER.sequence(
        DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 1), DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 2)))
    list += entry(DER.objectIdentifier(2, 5, 29, 14), isCritical: false, DER.octetString(Array(identifier)))
    if !names.isEmpty { list += entry(DER.objectIdentifier(2, 5, 29, 17), isCritical: false, DER.sequence(names)) }
    return DER.sequence(list)
  }

  private static func entry(_ oid: [UInt8], isCritical: Bool, _ value: [UInt8]) -> [UInt8] {
    DER.sequence(oid, isCritical ? DER.true : [], DER.octetString(value))
  }

  /// Spec: RFC 5280 §4.1.2.5: UTCTime until 2049.
  private static func time(_ timestamp: Timestamp) -> [UInt8] {
    let digits = Timestamp(seconds: timestamp.seconds).rfc3339.utf8.filter { (0x30...0x39).contains($0) }
    let isShort = (2_524_608_000 > timestamp.seconds) && timestamp.seconds >= -631_152_000
    return isShort
      ? DER.element(0x17, Array(digits.dropFirst(2)) + [UInt8(ascii: "Z")])
      : DER.element(0x18, digits + [UInt8(ascii: "Z")])
  }

  private static func octets(of address: String) throws(CryptoError) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 16)
    if unsafe inet_pton(AF_INET, address, &octets) == 1 { return Array(octets.prefix(4)) }
    if unsafe inet_pton(AF_INET6, address, &octets) == 1 { return octets }
    throw .malformed
  }
}
