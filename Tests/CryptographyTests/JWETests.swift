import Bytes
import Cryptography
import Testing

@Suite struct JWETests {
  static func key(_ curve: AgreementCurve, url text: String) throws -> AgreementKey {
    try AgreementKey(curve, scalar: SecretBytes(try Base64.decodeURL(text, "d")))
  }

  /// SHA-256 of "vouchsafe tee key 1", reduced modulo the order; it is smaller.
  static func recipient() throws -> AgreementKey {
    try AgreementKey(.p256, scalar: SecretBytes(Hash.sha256.digest("vouchsafe tee key 1".utf8)))
  }

  @Test func theVectorOfTheProtocolComesOutByteForByte() throws {
    let own = try Self.recipient()
    let pair = try TEEKeyPair(own)
    #expect(try JWK(parsing: JWKTests.p256) == pair.jwk)
    let ephemeral = try Self.key(.p256, url: "b2ypK81RidJg2Fm0ewLbBsc0SFAwXTETXVfVhh5FZGM")
    let shared = try ephemeral.sharedSecret(with: own.publicKey)
    #expect(Hex.encode(shared.exposed()) == "a78cc8dcddd34aa071e0d4cd5e8c231e0a31a33b3abc575d4e2222e411a9f91e")
    let kek = try JWE.keyEncryptionKey(ephemeral, own.publicKey)
    #expect(Hex.encode(kek.exposed()) == "7fe3f78db398beba141e2ecd4f9964ad1e050423a9588e372b2abb55e81c30b7")
    let json = try JWE.encrypt(
      SecretBytes(Array("vouchsafe test secret".utf8)), to: pair.jwk, deterministicallyWithEphemeral: ephemeral,
      contentKey: SecretBytes(Array(0..<32)), iv: Array(0x40..<0x4C))
    #expect(String(decoding: json, as: UTF8.self) == Self.vector)
    #expect(try JWE.decrypt(Array(Self.vector.utf8), with: pair).exposed() == Array("vouchsafe test secret".utf8))
  }

  @Test func theP521KeyDerivationIsThatOfTheProtocol() throws {
    let own = try Self.key(
      .p521, url: "AAAPs47u7paYrzbqstAr2QdkpUENkLG8Z5rydN_iLLb7Pf8XGieGl34Z43TJbQZDVyLu61h5psPPsCQXSYYDaiiy")
    let ephemeral = try Self.key(
      .p521, url: "AADeMCj_2B9TR3qiCFMx7TlaQ5mgWJGCmo6ewztUAlK_5FglPyKHtOH2HA88TkLDDatYcT-SoTR73iAW_MoPc_P1")
    #expect(
      Hex.encode(try ephemeral.sharedSecret(with: own.publicKey).exposed())
        == "00a6532abe47e6e0927799be5a00ec7dcbf84134d40fe44b3c392598e8815ced9718720c5c46397224bd60d025a96e560af182ba"
        + "7d37bd451ce95181d4d29e7024eb")
    let kek = "dc838cf5e13d37478701b8d8f707bdb1fd33686914c34042dde83e41d92e1e06"
    #expect(Hex.encode(try JWE.keyEncryptionKey(ephemeral, own.publicKey).exposed()) == kek)
    #expect(Hex.encode(try JWE.keyEncryptionKey(own, ephemeral.publicKey).exposed()) == kek)
  }

  @Test(arguments: TEEKeyPair.Algorithm.allCases)
  func whatIsEncryptedToAKeyOpensWithItAndNoOther(algorithm: TEEKeyPair.Algorithm) throws {
    let pair = TEEKeyPair.generate(algorithm)
    for count in [0, 1, 32, 5000] {
      let payload = SecretBytes.random(count: count)
      let json = try JWE.encrypt(payload, to: pair.jwk)
      #expect((try JWE.decrypt(json, with: pair).equals(payload)) == true)
      #expect((try JWE.decrypt(json, with: try TEEKeyPair(pkcs8DER: pair.pkcs8())).equals(payload)) == true)
      #expect(throws: JWEError.authenticationFailed) {
        _ = try JWE.decrypt(json, with: TEEKeyPair.generate(algorithm))
      }
      #expect(json != (try JWE.encrypt(payload, to: pair.jwk)))
    }
    for other in TEEKeyPair.Algorithm.allCases where other != algorithm {
      let json = try JWE.encrypt(SecretBytes([1]), to: pair.jwk)
      #expect(throws: JWEError.self) { _ = try JWE.decrypt(json, with: TEEKeyPair.generate(other)) }
    }
  }

  @Test func rsaHeadersAreExactly() throws {
    let pair = TEEKeyPair.generate(.rsaOAEP256)
    let json = try StrictJSON.parse(try JWE.encrypt(SecretBytes([1]), to: pair.jwk))
    #expect(json["protected"] == "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0")
    #expect(json.objectValue?.keys == ["protected", "encrypted_key", "iv", "ciphertext", "tag"])
  }

  @Test func flippingAnyBitOfAnyPartIsRefused() throws {
    let pair = try TEEKeyPair(try Self.recipient())
    let json = try StrictJSON.parse(Array(Self.vector.utf8))
    for name in ["encrypted_key", "iv", "ciphertext", "tag"] {
      let bytes = try Base64.decodeURL(try #require(json[name]?.stringValue), "part")
      for index in bytes.indices {
        var flipped = bytes
        flipped[index] ^= 1
        let changed = JWKTests.with(json, (name, .string(Base64.url(flipped))))
        #expect(throws: JWEError.authenticationFailed) {
          _ = try JWE.decrypt(CanonicalJSON.encodeInOrder(changed), with: pair)
        }
      }
      for bad in [Base64.url(bytes.dropLast()), Base64.url(bytes + [0])] {
        let changed = JWKTests.with(json, (name, .string(bad)))
        #expect(throws: JWEError.authenticationFailed) {
          _ = try JWE.decrypt(CanonicalJSON.encodeInOrder(changed), with: pair)
        }
      }
    }
    let header = Array(try #require(json["protected"]?.stringValue).utf8)
    for index in header.indices {
      var flipped = header
      flipped[index] ^= 1
      let changed = JWKTests.with(json, ("protected", .string(String(decoding: flipped, as: UTF8.self))))
      #expect(throws: JWEError.self) { _ = try JWE.decrypt(CanonicalJSON.encodeInOrder(changed), with: pair) }
    }
  }

  @Test func membersAreExactlyThoseOfTheProtocol() throws {
    let pair = try TEEKeyPair(try Self.recipient())
    let json = try StrictJSON.parse(Array(Self.vector.utf8))
    func decrypt(_ changes: (String, JSONValue?)...) throws {
      var object = try #require(json.objectValue)
      for (key, value) in changes { object[key] = value }
      _ = try JWE.decrypt(CanonicalJSON.encodeInOrder(.object(object)), with: pair)
    }
    try decrypt()
    for name in json.objectValue?.keys ?? [] {
      #expect(throws: JWEError.self) { try decrypt((name, nil)) }
      #expect(throws: JWEError.self) { try decrypt((name, 1)) }
      let padded = (json[name]?.stringValue ?? "") + "="
      #expect(throws: JWEError.self) { try decrypt((name, .string(padded))) }
    }
    for name in ["aad", "header", "unprotected", "recipients", "extra"] {
      #expect(throws: JWEError.unknownMember) { try decrypt((name, "")) }
    }
    #expect(throws: JWEError.self) { _ = try JWE.decrypt(Array(Self.vector.utf8) + [0x20, 0x31], with: pair) }
    #expect(throws: JWEError.tooLarge) { _ = try JWE.decrypt(Array(Self.vector.utf8), with: pair, limitBytes: 100) }
  }

  @Test func headersThatAskForAnythingElseAreRefused() throws {
    let pair = try TEEKeyPair(try Self.recipient())
    let json = try StrictJSON.parse(Array(Self.vector.utf8))
    let header = try StrictJSON.parse(
      try Base64.decodeURL(try #require(json["protected"]?.stringValue), "protected"))
    let epk = try #require(header["epk"])
    let cases: [((String, JSONValue?), JWEError?)] = [
      (("alg", "ECDH-ES"), .algorithmRefused), (("alg", "dir"), .algorithmRefused),
      (("alg", "RSA1_5"), .algorithmRefused), (("alg", "RSA-OAEP-256"), .algorithmRefused),
      (("alg", "PBES2-HS256+A128KW"), .algorithmRefused), (("enc", "A128GCM"), .algorithmRefused),
      (("enc", "A256CBC-HS512"), .algorithmRefused), (("zip", "DEF"), .unknownMember), (("crit", []), .unknownMember),
      (("apu", ""), .unknownMember), (("kid", "a"), .unknownMember), (("epk", nil), .ephemeralKeyInvalid),
      (("epk", JWKTests.with(epk, ("crv", "P-521"))), .ephemeralKeyInvalid),
      (("epk", JWKTests.with(epk, ("kty", "OKP"))), .ephemeralKeyInvalid),
      (("epk", JWKTests.with(epk, ("x", epk["y"]))), .ephemeralKeyInvalid),
      (("epk", JWKTests.with(epk, ("d", "AA"))), .unknownMember), (("epk", JWKTests.with(epk, ("y", nil))), nil),
    ]
    for (change, expected) in cases {
      let text = Base64.url(CanonicalJSON.encodeInOrder(JWKTests.with(header, change)))
      let changed = CanonicalJSON.encodeInOrder(JWKTests.with(json, ("protected", .string(text))))
      let refusal = #expect(throws: JWEError.self, "\(change.0)") { _ = try JWE.decrypt(changed, with: pair) }
      if let expected { #expect(refusal == expected, "\(change.0)") }
    }
  }

  static let vector =
    #"{"protected":"eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOiJwZ0ZCOGY2STVndlloRWYxbHI5NGttUl9qMTItREotaXpHY3l0T3RGU3FNIiwieSI6Ikg1eXVoR2hRMjd2dkJrWldwZkRnV3dIaTNNaE1yY19nLUwxdENWVkZSdW8ifX0","encrypted_key":"0RwurtVQRI4cXskG49G274avcGlXqySBtmqY8qzBALV90qhRslg2ig","iv":"QEFCQ0RFRkdISUpL","ciphertext":"lNbbQE5P5mWo5GNT6BAzKBylIDnD","tag":"5koGaJxP7yBsxJyidariCQ"}"#
}
