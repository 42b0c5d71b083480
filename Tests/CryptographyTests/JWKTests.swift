import Bytes
import Cryptography
import Testing

@Suite struct JWKTests {
  static let p256: JSONValue = [
    "kty": "EC", "crv": "P-256", "alg": "ECDH-ES+A256KW", "x": "HtIHw_thUIhE32nr47QN-HicbJZmMqE3H5i6OQYXKgU",
    "y": "lJAmYVoGpClk0U0MpuX5NsSnZKf7607kKlzlX1ncLP0",
  ]

  static func with(_ base: JSONValue, _ changes: (String, JSONValue?)...) -> JSONValue {
    guard var object = base.objectValue else { return base }
    for (key, value) in changes { object[key] = value }
    return .object(object)
  }

  static let rsa = TEEKeyPair.generate(.rsaOAEP256).jwk.json

  @Test func everyKindOfKeyReadsBackAsItWasWritten() throws {
    for algorithm in TEEKeyPair.Algorithm.allCases {
      let key = TEEKeyPair.generate(algorithm).jwk
      #expect(try JWK(parsing: key.json) == key)
      #expect(key.json.objectValue?.keys == key.json.objectValue?.keys.sorted())
    }
    #expect(CanonicalJSON.encode(try JWK(parsing: Self.p256).json) == CanonicalJSON.encode(Self.p256))
  }

  @Test func theThumbprintIsThatOfRFC7638() throws {
    let expected = Hash.sha256.digest(
      Array(
        #"{"crv":"P-256","kty":"EC","x":"HtIHw_thUIhE32nr47QN-HicbJZmMqE3H5i6OQYXKgU","y":"lJAmYVoGpClk0U0MpuX5NsSnZKf7607kKlzlX1ncLP0"}"#
          .utf8))
    #expect(try JWK(parsing: Self.p256).thumbprint == expected)
    let rsa = try JWK(parsing: Self.rsa)
    let members = try #require(Self.rsa.objectValue)
    let text = #"{"e":"AQAB","kty":"RSA","n":"\#(members["n"]?.stringValue ?? "")"}"#
    #expect(rsa.thumbprint == Hash.sha256.digest(Array(text.utf8)))
  }

  @Test func keysThatAreNotServedAreRefusedByName() {
    let cases: [(JSONValue, JWKError)] = [
      (Self.with(Self.rsa, ("alg", "RSA1_5")), .rsa15Refused),
      (["kty": "AKP", "alg": "ML-KEM-768+A192KW", "pub": "AA"], .akpRefused),
      (Self.with(Self.p256, ("kty", "OKP")), .unsupportedKeyType),
      (["kty": "oct", "k": "AA"], .unsupportedKeyType),
      (Self.with(Self.p256, ("crv", "P-384")), .unsupportedCurve),
      (Self.with(Self.p256, ("crv", "secp256k1")), .unsupportedCurve),
      (Self.with(Self.p256, ("alg", "ECDH-ES")), .unsupportedAlgorithm),
      (Self.with(Self.p256, ("alg", "RSA-OAEP-256")), .unsupportedAlgorithm),
      (Self.with(Self.rsa, ("alg", "RSA-OAEP")), .unsupportedAlgorithm),
      (Self.with(Self.rsa, ("alg", "ECDH-ES+A256KW")), .unsupportedAlgorithm),
      (Self.with(Self.p256, ("kid", "a")), .unknownMember),
      (Self.with(Self.p256, ("d", "AA")), .unknownMember),
      (Self.with(Self.rsa, ("use", "enc")), .unknownMember),
    ]
    for (value, error) in cases { #expect(throws: error) { try JWK(parsing: value) } }
  }

  @Test func everyMemberIsNeededAndMustBeText() {
    for base in [Self.p256, Self.rsa] {
      for name in base.objectValue?.keys ?? [] {
        #expect(throws: JWKError.self) { try JWK(parsing: Self.with(base, (name, nil))) }
        #expect(throws: JWKError.self) { try JWK(parsing: Self.with(base, (name, 1))) }
        #expect(throws: JWKError.self) { try JWK(parsing: Self.with(base, (name, .null))) }
      }
    }
    #expect(throws: JWKError.self) { try JWK(parsing: []) }
  }

  @Test func pointsOffTheCurveOrOfAnotherWidthAreRefused() throws {
    let x = try #require(Self.p256["x"]?.stringValue)
    let y = try #require(Self.p256["y"]?.stringValue)
    let zero = Base64.url([UInt8](repeating: 0, count: 32))
    #expect(throws: JWKError.pointInvalid) { try JWK(parsing: Self.with(Self.p256, ("x", .string(y)))) }
    #expect(throws: JWKError.pointInvalid) { try JWK(parsing: Self.with(Self.p256, ("x", .string(zero)))) }
    #expect(throws: JWKError.pointInvalid) {
      try JWK(parsing: Self.with(Self.p256, ("x", .string(zero)), ("y", .string(zero))))
    }
    #expect(throws: JWKError.pointInvalid) { try JWK(parsing: Self.with(Self.p256, ("crv", "P-521"))) }
    let wide = Base64.url([0] + (try Base64.decodeURL(x, "x")))
    #expect(throws: JWKError.pointInvalid) { try JWK(parsing: Self.with(Self.p256, ("x", .string(wide)))) }
    for text in [x + "=", String(x.dropLast()) + "V", x.replacing("_", with: "/")] {
      #expect(throws: JWKError.self, "\(text)") { try JWK(parsing: Self.with(Self.p256, ("x", .string(text)))) }
    }
  }

  @Test func weakRSAKeysAreRefused() throws {
    let n = try Base64.decodeURL(try #require(Self.rsa["n"]?.stringValue), "n")
    for e: [UInt8] in [[3], [1], [0x01, 0x00, 0x00], [0xFF, 0xFF], [0x01, 0x00, 0x02]] {
      #expect(throws: JWKError.rsaWeak, "\(e)") { try JWK(n: n, e: e) }
    }
    #expect(throws: JWKError.rsaWeak) { try JWK(n: Array(n.prefix(255)), e: [1, 0, 1]) }
    #expect(throws: JWKError.rsaWeak) { try JWK(n: Array(n.dropLast()) + [n[n.count - 1] & 0xFE], e: [1, 0, 1]) }
    #expect(throws: JWKError.rsaWeak) { try JWK(n: [UInt8](repeating: 0xFF, count: 1025), e: [1, 0, 1]) }
    #expect(throws: JWKError.notCanonical) { try JWK(n: [0] + n, e: [1, 0, 1]) }
    #expect(throws: JWKError.notCanonical) { try JWK(n: n, e: [0, 1, 0, 1]) }
    #expect(throws: JWKError.notCanonical) { try JWK(n: [], e: [1, 0, 1]) }
  }
}
