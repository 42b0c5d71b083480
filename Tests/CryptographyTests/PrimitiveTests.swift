import Bytes
import Cryptography
import Testing

@Suite struct PrimitiveTests {
  @Test func hashesOfPiecesAreHashesOfTheWhole() {
    let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    for hash in Hash.allCases {
      var stream = HashStream(hash)
      stream.update(Array(message[..<10]))
      stream.update(message[10..<500])
      let early = stream.current()
      #expect(early == hash.digest(message[..<500]))
      unsafe stream.update(Array(message[500...]).span.bytes)
      #expect(stream.finish() == hash.digest(message))
      #expect(hash.digest(message).count == hash.byteCount)
      #expect(hash.digest(message.lazy.map { $0 }) == hash.digest(message))
    }
    #expect(
      Hex.encode(Hash.sha256.digest([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func derivationTakesAnInfoLongerThanAnyLimitOfTheLibrary() {
    let input = SecretBytes([1, 2, 3])
    let info = [UInt8](repeating: 9, count: 5000)
    let key = HKDF.sha256(input, salt: [], info: info, count: 32).exposed()
    let extracted = Hash.sha256.hmac(key: Array(repeating: 0, count: 32), [1, 2, 3])
    #expect(key == Hash.sha256.hmac(key: extracted, info + [1]))
  }

  @Test func sealingHidesNothingButWhatItAuthenticates() throws {
    let key = SecretBytes(Array(repeating: 1, count: 32))
    let nonce = [UInt8](repeating: 2, count: 12)
    let sealed = try AESGCM.sealSecret(SecretBytes([5, 6, 7]), key: key, nonce: nonce, aad: [9])
    #expect(sealed == (try AESGCM.seal([5, 6, 7], key: key, nonce: nonce, aad: [9])))
    #expect(try AESGCM.openSecret(sealed, key: key, nonce: nonce, aad: [9]).exposed() == [5, 6, 7])
    #expect(throws: CryptoError.authenticationFailed) {
      _ = try AESGCM.openSecret(sealed, key: key, nonce: nonce, aad: [8])
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try AESGCM.open(sealed, key: SecretBytes(Array(repeating: 3, count: 32)), nonce: nonce, aad: [9])
    }
    #expect(throws: CryptoError.badKey) { try AESGCM.seal([1], key: SecretBytes([1]), nonce: nonce, aad: []) }
    #expect(throws: CryptoError.badLength) { try AESGCM.seal([1], key: key, nonce: [1], aad: []) }
    #expect(throws: CryptoError.badLength) { try AESGCM.open([1], key: key, nonce: nonce, aad: []) }
  }

  @Test func ed25519SignsAsRFC8032Does() throws {
    var seed = try Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "seed")
    let key = try Ed25519PrivateKey(seed: SecretBytes(erasing: &seed))
    #expect(
      Hex.encode(key.publicKey.raw) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    let signature = key.sign([])
    #expect(Hex.encode(signature).hasPrefix("e5564300c360ac729086e2cc806e828a"))
    #expect(key.publicKey.isValid(signature, for: []))
    #expect(!key.publicKey.isValid(signature, for: [0]))
    #expect(!key.publicKey.isValid(Array(signature.dropLast()), for: []))
    #expect(!Ed25519PrivateKey.random().publicKey.isValid(signature, for: []))
    #expect(throws: CryptoError.badLength) { try Ed25519PublicKey(raw: [1]) }
    #expect(throws: CryptoError.badLength) { _ = try Ed25519PrivateKey(seed: SecretBytes([1])) }
  }

  @Test func aSigningKeyComesBackFromItsEncodings() throws {
    let key = P256SigningKey.generate()
    let message: [UInt8] = [1, 2, 3]
    let again = try P256SigningKey(pkcs8DER: key.pkcs8())
    let fromPEM = try P256SigningKey(pkcs8PEM: key.pkcs8PEM())
    #expect(again.publicKey == key.publicKey && fromPEM.publicKey == key.publicKey)
    let verifying = try VerifyingKey(subjectPublicKeyInfo: key.publicKey.subjectPublicKeyInfo)
    #expect(verifying.isValidECDSA(raw: fromPEM.sign(message), for: message, hash: .sha256))
    #expect(!verifying.isValidECDSA(raw: fromPEM.sign(message), for: message, hash: .sha384))
    #expect(!verifying.isValidRSAPSS(key.sign(message), for: message, hash: .sha256, saltLength: 32))
    #expect(!verifying.isValidEd25519(key.sign(message), for: message))
    #expect(throws: CryptoError.self) { _ = try P256SigningKey(pkcs8DER: key.pkcs8().prefix(60)) }
    #expect(throws: CryptoError.unsupported) {
      _ = try P256SigningKey(pkcs8DER: TEEKeyPair.generate(.ecP521).pkcs8())
    }
    #expect(throws: CryptoError.malformed) { _ = try P256SigningKey(pkcs8PEM: key.pkcs8()) }
  }

  @Test func aPublicKeyHasOneEncoding() throws {
    let der = P256SigningKey.generate().publicKey.subjectPublicKeyInfo
    #expect(try VerifyingKey(subjectPublicKeyInfo: der).subjectPublicKeyInfo == der)
    #expect(throws: CryptoError.self) { try VerifyingKey(subjectPublicKeyInfo: der + [0]) }
    for count in 0..<der.count {
      #expect(throws: CryptoError.self) { try VerifyingKey(subjectPublicKeyInfo: Array(der.prefix(count))) }
    }
    var off = der
    off[off.count - 1] ^= 1
    #expect(throws: CryptoError.self) { try VerifyingKey(subjectPublicKeyInfo: off) }
    let small = try Base64.decode(ChainTests.rsa1024, .standard, "rsa1024")
    #expect(throws: CryptoError.badKey) { try VerifyingKey(subjectPublicKeyInfo: small) }
  }

  @Test func privateKeysInPEMAreReadStrictly() throws {
    for count in [1, 2, 3, 47, 48, 49, 138] {
      let secret = SecretBytes.random(count: count)
      let text = PEM.encodeSecret("PRIVATE KEY", secret)
      #expect(text.exposed() == Array(PEM.encode("PRIVATE KEY", secret.exposed()).utf8))
      #expect((try PEM.decodeSecret(text, label: "PRIVATE KEY").equals(secret)) == true)
      #expect(throws: CryptoError.malformed) { _ = try PEM.decodeSecret(text, label: "RSA PRIVATE KEY") }
      #expect(throws: CryptoError.malformed) {
        _ = try PEM.decodeSecret(text.prefix(text.count - 2), label: "PRIVATE KEY")
      }
    }
    for body in ["", "A", "AA=A", "AAA", "AAB=", "A*==", "AAAA===="] {
      let text = SecretBytes(Array("-----BEGIN K-----\n\(body)\n-----END K-----\n".utf8))
      #expect(throws: CryptoError.malformed, "\(body)") { _ = try PEM.decodeSecret(text, label: "K") }
    }
    let blocks = SecretBytes(Array((PEM.encode("K", [1]) + PEM.encode("K", [2])).utf8))
    #expect(throws: CryptoError.malformed) { _ = try PEM.decodeSecret(blocks, label: "K") }
  }

  @Test func randomBytesAreNotTheSameTwice() {
    #expect(SystemRandom.bytes(32) != SystemRandom.bytes(32))
    #expect(SystemRandom.bytes(0) == [])
    #expect((SecretBytes.random(count: 32).equals(.random(count: 32))) == false)
  }

  @Test func aScalarOutsideItsRangeIsNoKey() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    let zero = String(repeating: "0", count: 64)
    for text in [zero, order, String(repeating: "f", count: 64), "01"] {
      #expect(throws: CryptoError.self) {
        _ = try AgreementKey(.p256, scalar: SecretBytes(try Hex.decode(text, "scalar")))
      }
    }
  }
}
