import Bytes
import Cryptography
import TestSupport
import Testing

/// | file | asserted | not served |
/// |---|---|---|
/// | ecdh_secp256r1_ecpoint, ecdh_secp521r1_ecpoint | the shared secret at full width | compressed points (`acceptable`), refused |
/// | ecdh_secp256r1_webcrypto, ecdh_secp521r1_webcrypto | the same from JWKs; points off the curve refused | – |
/// | rsa_oaep_*_sha256_mgf1sha256 | the decrypted text | labels, which must fail |
/// | ecdh_*_test (ASN.1) and secp384r1 | nothing: peers are never read from ASN.1, and P-384 is no agreement curve | all |
@Suite(.enabled(if: Wycheproof.isPresent)) struct WycheproofAgreementTests {
  @Test(arguments: [
    ("ecdh_secp256r1_ecpoint", AgreementCurve.p256, Tally(330, 25)),
    ("ecdh_secp521r1_ecpoint", AgreementCurve.p521, Tally(632, 29)),
  ])
  func ecdhPoints(file: String, curve: AgreementCurve, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      let width = curve.byteCount
      let point = try vector.hex("public")
      guard point.first == 4, point.count == 1 + 2 * width else { return .refused }
      guard
        let peer = try? ECPublicKey(
          curve: curve.curve, x: Array(point[1...width]), y: Array(point[(width + 1)...]))
      else { return .refused }
      let own = try AgreementKey(curve, scalar: SecretBytes(try vector.hex("private").padded(to: width)))
      return Wycheproof.accepts(try vector.hex("shared")) { try own.sharedSecret(with: peer).exposed() }
    }
  }

  @Test(arguments: [
    ("ecdh_secp256r1_webcrypto", AgreementCurve.p256, Tally(330, 23)),
    ("ecdh_secp521r1_webcrypto", AgreementCurve.p521, Tally(632, 23)),
  ])
  func ecdhJWK(file: String, curve: AgreementCurve, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      let own = try AgreementKey(jwk: try #require(vector.test["private"]))
      guard let members = vector.test["public"], members["kty"] == "EC", members["crv"] == .string(curve.joseName),
        let x = try? Base64.decodeURL(members["x"]?.stringValue ?? "", "x"),
        let y = try? Base64.decodeURL(members["y"]?.stringValue ?? "", "y"),
        let peer = try? ECPublicKey(curve: curve.curve, x: x, y: y)
      else { return .refused }
      return Wycheproof.accepts(try vector.hex("shared")) { try own.sharedSecret(with: peer).exposed() }
    }
  }

  @Test(arguments: [
    ("rsa_oaep_2048_sha256_mgf1sha256", Tally(10, 19, 8)),
    ("rsa_oaep_3072_sha256_mgf1sha256", Tally(10, 19, 8)),
    ("rsa_oaep_4096_sha256_mgf1sha256", Tally(10, 19, 8)),
  ])
  func rsaOAEP(file: String, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      let key = try RSADecryptionKey(pkcs8DER: try vector.secret("privateKeyPkcs8"))
      let opened = Wycheproof.accepts(try vector.hex("msg")) { try key.decrypt(try vector.hex("ct")).exposed() }
      guard try vector.hex("label").isEmpty else {
        #expect(opened == .refused)
        return .notServed
      }
      return opened
    }
  }
}

extension [UInt8] {
  /// The same number at `width` bytes.
  func padded(to width: Int) -> [UInt8] {
    let digits = Array(drop { $0 == 0 })
    return [UInt8](repeating: 0, count: Swift.max(0, width - digits.count)) + digits
  }
}

extension AgreementKey {
  /// The private key of a test's JWK.
  convenience init(jwk: JSONValue) throws {
    let curve: AgreementCurve = jwk["crv"] == "P-521" ? .p521 : .p256
    let scalar = try Base64.decodeURL(try #require(jwk["d"]?.stringValue), "d")
    try self.init(curve, scalar: SecretBytes(scalar.padded(to: curve.byteCount)))
  }
}
