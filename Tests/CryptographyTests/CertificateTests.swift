import Bytes
import Cryptography
import TestSupport
import Testing

@Suite struct CertificateTests {
  let root = MintedAuthority(anchor: "root")

  @Test func fieldsAreReadAsWritten() throws {
    let certificate = try root.leaf("a, leaf") { request in
      request.serial = [0x01, 0x02, 0x03]
      request.notBefore = 1_700_000_000
      request.notAfter = 2_500_000_000
    }
    #expect(certificate.subject.commonName == "a, leaf")
    #expect(certificate.subject.description == "CN=a\\, leaf")
    #expect(certificate.subject.der == Mint.name("a, leaf"))
    #expect(certificate.issuer.der == root.subject)
    #expect(certificate.serialNumber == [1, 2, 3])
    #expect(certificate.notBefore == 1_700_000_000)
    #expect(certificate.notAfter == 2_500_000_000)
    #expect(certificate.version == 3)
    #expect(!certificate.isCA)
    #expect(certificate.publicKey?.kind == .p256)
    #expect(certificate.signatureAlgorithm == .ecdsa(.sha256))
    #expect(certificate.extensionValues("2.5.29.15") == [DER.bitString([0x80], unusedBits: 7)])
    #expect(certificate.extensionValues("1.2.3") == [])
    for text in ["not an oid", "2.5.x.29.15"] {
      #expect(certificate.extensionValues(text) == [], "\(text)")
    }
    #expect(try root.leaf { $0.serial = [0] }.serialNumber == [0])
  }

  @Test func everyPrefixAndAnyTrailingByteIsRefused() throws {
    let der = try root.leaf().der
    for count in 0..<der.count {
      #expect(throws: CertificateError.self) { try Certificate(der: Array(der.prefix(count))) }
    }
    #expect(throws: CertificateError.malformed) { try Certificate(der: der + [0]) }
    #expect(try Certificate(der: der).der == der)
  }

  @Test func timesInAnyOtherFormAreRefused() throws {
    let key = P256SigningKey.generate()
    func certificate(_ time: [UInt8]) throws -> Certificate {
      let name = Mint.name("x")
      let body = DER.sequence(
        DER.element(0xA0, DER.integer([2])), DER.integer([1]), Mint.ecdsaSHA256, name,
        DER.sequence(time, Mint.time(2_000_000)), name, key.publicKey.subjectPublicKeyInfo)
      return try Certificate(der: Mint.sign(body, Mint.ecdsaSHA256, key))
    }
    #expect(try certificate(DER.element(0x17, Array("490203040506Z".utf8))).notBefore.rfc3339 == "2049-02-03T04:05:06Z")
    #expect(try certificate(DER.element(0x17, Array("500203040506Z".utf8))).notBefore.rfc3339 == "1950-02-03T04:05:06Z")
    #expect(
      try certificate(DER.element(0x18, Array("20520229040506Z".utf8))).notBefore.rfc3339 == "2052-02-29T04:05:06Z")
    for text in ["4902030405Z", "490203040506", "490203040506+0100", "491303040506Z", "490230040506Z", "490203240506Z"]
    {
      #expect(throws: CertificateError.malformed, "\(text)") { try certificate(DER.element(0x17, Array(text.utf8))) }
    }
    for text in ["20490203040506", "20490203040506.5Z", "20530229040506Z", "2049020304Z"] {
      #expect(throws: CertificateError.malformed, "\(text)") { try certificate(DER.element(0x18, Array(text.utf8))) }
    }
  }

  @Test func aNegativeSerialNumberIsRefused() throws {
    var body = Mint.body(
      Mint.Request(subject: "x", key: root.key.publicKey.subjectPublicKeyInfo, isAuthority: false), issuer: root)
    let serial = try #require(body.firstRange(of: [0x02, 0x01, 0x11]))
    body[serial.lowerBound + 2] = 0x91
    #expect(throws: CertificateError.malformed) {
      try Certificate(der: Mint.sign(body, Mint.ecdsaSHA256, root.key))
    }
  }

  @Test func aNameWithTwoCommonNamesHasNone() throws {
    let part = DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String("a")))
    #expect(DistinguishedName(der: DER.sequence(part, part)).commonName == nil)
    #expect(DistinguishedName(der: DER.sequence(part)).commonName == "a")
    #expect(DistinguishedName(der: DER.sequence()).commonName == nil)
    let nul = DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String("a\u{0}b")))
    #expect(DistinguishedName(der: DER.sequence(nul)).commonName == "a\u{0}b")
  }

  @Test func pemHoldsCertificatesAndNothingElse() throws {
    let (first, second) = (try root.leaf("a"), try root.leaf("b"))
    #expect(try Certificate.parsePEM(Array((first.pem + second.pem).utf8)) == [first, second])
    #expect(throws: CertificateError.empty) { try Certificate.parsePEM([]) }
    for text in [
      "hello\n" + first.pem, first.pem.replacing("CERTIFICATE", with: "PUBLIC KEY"), String(first.pem.dropLast(20)),
      first.pem.replacing("M", with: "*"),
    ] {
      #expect(throws: CertificateError.notPEM) { try Certificate.parsePEM(Array(text.utf8)) }
    }
  }
}

extension [UInt8] {
  func firstRange(of needle: [UInt8]) -> Range<Int>? {
    guard count >= needle.count else { return nil }
    for start in 0...(count - needle.count) where Array(self[start..<start + needle.count]) == needle {
      return start..<start + needle.count
    }
    return nil
  }
}
