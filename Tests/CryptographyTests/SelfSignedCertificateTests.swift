import Bytes
import Cryptography
import Testing

@Suite struct SelfSignedCertificateTests {
  let key = P256SigningKey.generate()

  func make(
    _ name: String = "broker", dns: [String] = ["localhost", "broker.example"], ip: [String] = ["127.0.0.1", "::1"],
    from: Timestamp = 1_700_000_000, until: Timestamp = 1_800_000_000, serial: [UInt8] = [0x7F, 1]
  ) throws(CryptoError) -> [UInt8] {
    try SelfSignedCertificate.make(
      commonName: name, dnsNames: dns, ipAddresses: ip, key: key, notBefore: from, notAfter: until, serial: serial)
  }

  @Test func theCertificateSaysWhatWasAsked() throws {
    let certificate = try Certificate(der: try make())
    #expect(certificate.subject.commonName == "broker" && certificate.subject == certificate.issuer)
    #expect(certificate.notBefore == 1_700_000_000 && certificate.notAfter == 1_800_000_000)
    #expect(certificate.serialNumber == [0x7F, 1])
    #expect(!certificate.isCA && certificate.version == 3)
    #expect(certificate.subjectPublicKeyInfo == key.publicKey.subjectPublicKeyInfo)
    let names = DER.sequence(
      DER.element(0x82, Array("localhost".utf8)), DER.element(0x82, Array("broker.example".utf8)),
      DER.element(0x87, [127, 0, 0, 1]), DER.element(0x87, [UInt8](repeating: 0, count: 15) + [1]))
    #expect(certificate.extensionValues("2.5.29.17") == [names])
    #expect(certificate.extensionValues("2.5.29.19") == [DER.sequence()])
    #expect(certificate.extensionValues("2.5.29.15") == [DER.bitString([0x80], unusedBits: 7)])
    #expect(certificate.extensionValues("2.5.29.37").count == 1)
  }

  @Test func theSignatureIsItsOwnKeys() throws {
    let der = try make()
    // SEQUENCE { body, algorithm, BIT STRING }: the body starts after a four-byte header, the algorithm has 12 bytes.
    let length = Int(der[6]) << 8 | Int(der[7])
    let body = Array(der[4..<8 + length])
    let signature = Array(der[(8 + length + 12 + 3)...])
    #expect(try key.publicKey.verifyingKey.isValidECDSA(der: signature, for: body, hash: .sha256))
  }

  @Test func datesBeyond2049ChangeTheirForm() throws {
    let certificate = try Certificate(der: try make(from: 2_524_607_999, until: 2_524_608_000))
    #expect(certificate.notBefore == 2_524_607_999 && certificate.notAfter == 2_524_608_000)
  }

  @Test func namesAndNumbersThatCannotStandAreRefused() {
    #expect(throws: CryptoError.malformed) { try make("") }
    #expect(throws: CryptoError.malformed) { try make(String(repeating: "a", count: 65)) }
    for dns in ["", "a b", "bücher", "a\u{0}b", String(repeating: "a", count: 254)] {
      #expect(throws: CryptoError.malformed, "\(dns)") { try make(dns: [dns]) }
    }
    for ip in ["", "localhost", "127.0.0", "1.2.3.4.5", "::g"] {
      #expect(throws: CryptoError.malformed, "\(ip)") { try make(ip: [ip]) }
    }
    for serial: [UInt8] in [[], [0], [0x80], [UInt8](repeating: 1, count: 21)] {
      #expect(throws: CryptoError.badLength) { try make(serial: serial) }
    }
  }
}
