import Bytes
import Cryptography
import Testing

@Suite struct JWSTests {
  let key = P256SigningKey.generate()
  let header: JSONValue = ["typ": "JWT", "alg": "ES256"]
  let payload: JSONValue = ["iss": "vouchsafe", "exp": 100]

  var verifying: VerifyingKey { get throws { try key.publicKey.verifyingKey } }

  /// A token with any header and payload, signed by `key`.
  func token(_ header: String, _ payload: String = "{}", sign: ((String) -> [UInt8])? = nil) -> String {
    let text = Base64.url(Array(header.utf8)) + "." + Base64.url(Array(payload.utf8))
    return text + "." + Base64.url(sign?(text) ?? key.sign(Array(text.utf8)))
  }

  @Test func aTokenVerifiesAndReadsBack() throws {
    let text = JWS.signES256(header: header, payload: payload, key: key)
    let read = try JWS.verifyES256(text, key: try verifying)
    #expect(read.header == header && read.payload == payload)
    #expect(throws: JWSError.badSignature) {
      try JWS.verifyES256(text, key: try P256SigningKey.generate().publicKey.verifyingKey)
    }
  }

  @Test func otherAlgorithmsAreRefusedWhateverTheirSignature() throws {
    for algorithm in ["none", "None", "HS256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "es256", ""] {
      let text = token(#"{"alg":"\#(algorithm)"}"#)
      #expect(throws: JWSError.algorithmRefused, "\(algorithm)") { try JWS.verifyES256(text, key: try verifying) }
    }
    for header in ["{}", #"{"alg":null}"#, #"{"alg":["ES256"]}"#, #"{"alg":1}"#] {
      #expect(throws: JWSError.algorithmRefused) { try JWS.verifyES256(token(header), key: try verifying) }
    }
    let spki = key.publicKey.subjectPublicKeyInfo
    let confused = token(#"{"alg":"HS256"}"#) { Hash.sha256.hmac(key: spki, Array($0.utf8)) }
    #expect(throws: JWSError.algorithmRefused) { try JWS.verifyES256(confused, key: try verifying) }
    let bare = token(#"{"alg":"none"}"#) { _ in [] }
    #expect(throws: JWSError.algorithmRefused) { try JWS.verifyES256(bare, key: try verifying) }
  }

  @Test func onlyAKeyOnP256Verifies() throws {
    let ed = Ed25519PrivateKey.random()
    let spki = DER.sequence(DER.sequence(DER.objectIdentifier(1, 3, 101, 112)), DER.bitString(ed.publicKey.raw))
    let other = try VerifyingKey(subjectPublicKeyInfo: spki)
    let text = token(#"{"alg":"ES256"}"#) { ed.sign(Array($0.utf8)) }
    #expect(throws: JWSError.algorithmRefused) { try JWS.verifyES256(text, key: other) }
  }

  @Test func aKeyInTheHeaderIsNotLookedAt() throws {
    let stranger = P256SigningKey.generate()
    let jwk = CanonicalJSON.text(stranger.publicKey.signingJWK(algorithm: "ES256"))
    let forged = token(#"{"alg":"ES256","jwk":\#(jwk)}"#) { stranger.sign(Array($0.utf8)) }
    #expect(throws: JWSError.badSignature) { try JWS.verifyES256(forged, key: try verifying) }
    let honest = token(#"{"alg":"ES256","jwk":\#(jwk),"kid":"../../etc/passwd","jku":"http://x","x5u":"http://x"}"#)
    #expect(throws: Never.self) { try JWS.verifyES256(honest, key: try verifying) }
  }

  @Test func demandsOfTheHeaderAreRefused() throws {
    for header in [
      #"{"alg":"ES256","crit":["exp"]}"#, #"{"alg":"ES256","crit":[]}"#, #"{"alg":"ES256","b64":false,"crit":["b64"]}"#,
      #"{"alg":"ES256","b64":true}"#,
    ] {
      #expect(throws: JWSError.criticalHeader) { try JWS.verifyES256(token(header), key: try verifying) }
    }
    let twice = token(#"{"alg":"ES256","alg":"none"}"#)
    #expect(throws: JWSError.self) { try JWS.verifyES256(twice, key: try verifying) }
  }

  @Test func aSignatureInAnyOtherFormIsRefused() throws {
    let der = token(#"{"alg":"ES256"}"#) { text in
      let raw = key.sign(Array(text.utf8))
      return DER.sequence(DER.integer(Array(raw.prefix(32))), DER.integer(Array(raw.suffix(32))))
    }
    #expect(throws: JWSError.badSignature) { try JWS.verifyES256(der, key: try verifying) }
    let forms: [([UInt8]) -> [UInt8]] = [
      { _ in [] }, { $0 + [0] }, { Array($0.dropLast()) }, { [0] + $0 }, { _ in [UInt8](repeating: 0, count: 64) },
    ]
    for form in forms {
      let text = token(#"{"alg":"ES256"}"#) { form(key.sign(Array($0.utf8))) }
      #expect(throws: JWSError.badSignature) { try JWS.verifyES256(text, key: try verifying) }
    }
  }

  @Test func flippingAnyCharacterIsRefused() throws {
    let text = Array(JWS.signES256(header: header, payload: payload, key: key).utf8)
    for index in text.indices {
      var flipped = text
      flipped[index] ^= 1
      #expect(throws: JWSError.self, "character \(index)") {
        try JWS.verifyES256(String(decoding: flipped, as: UTF8.self), key: try verifying)
      }
    }
    for count in 0..<text.count {
      #expect(throws: JWSError.self) {
        try JWS.verifyES256(String(decoding: text.prefix(count), as: UTF8.self), key: try verifying)
      }
    }
  }

  @Test func shapeAndSizeAreCheckedFirst() throws {
    let text = JWS.signES256(header: header, payload: payload, key: key)
    for bad in ["", ".", "..", "...", text + ".", "." + text, text + "=", text + "\n", " " + text, text + "." + text] {
      #expect(throws: JWSError.self, "\(bad)") { try JWS.verifyES256(bad, key: try verifying) }
    }
    let long = token(#"{"alg":"ES256"}"#, "\"" + String(repeating: "a", count: 16 << 10) + "\"")
    #expect(throws: JWSError.tooLarge) { try JWS.verifyES256(long, key: try verifying) }
    #expect(throws: Never.self) { try JWS.verifyES256(long, key: try verifying, limits: JWS.Limits(bytes: 32 << 10)) }
    let notJSON = token(#"{"alg":"ES256"}"#, "{")
    #expect(throws: JWSError.self) { try JWS.verifyES256(notJSON, key: try verifying) }
    #expect(try JWS.verifyES256Bytes(notJSON, key: try verifying).payload == [0x7B])
  }
}
