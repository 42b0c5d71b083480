import Bytes
import Cryptography
import TestSupport
import Testing

/// | file | asserted | not served (tried, refused) |
/// |---|---|---|
/// | aes_gcm | seal gives ct‖tag, open gives msg, both ways, and `SegmentCipher` agrees | keys other than 256 bits, nonces other than 96 |
/// | aes_wrap | wrap gives ct, unwrap gives msg | keys other than 256 bits |
/// | hkdf_sha256, hkdf_sha384 | okm | sizes beyond 255 blocks, a programmer's error here |
/// | hmac_sha256, hmac_sha384 | the tag, or its prefix for the truncated groups | – |
/// | aes_kwp | nothing: key wrap with padding is not shipped | all |
@Suite(.enabled(if: Wycheproof.isPresent)) struct WycheproofSymmetricTests {
  @Test func theFolderHoldsExactlyTheVectorsItsManifestCounts() throws {
    let manifest = try VectorStore.json("wycheproof/MANIFEST.json")
    #expect(manifest["total"]?.integer(Int.self) == 13_305)
    let files = try #require(manifest["files"]?.arrayValue)
    #expect(files.count == 44)
    var total = 0
    for entry in files {
      let name = try #require(entry["file"]?.stringValue)
      let bytes = try VectorStore.read("wycheproof/\(name)")
      #expect(Hex.encode(Hash.sha256.digest(bytes)) == entry["sha256"]?.stringValue, "\(name)")
      total += try #require(entry["tests"]?.integer(Int.self))
    }
    #expect(total == 13_305)
  }

  @Test func aesGCM() throws {
    try Wycheproof.check("aes_gcm", Tally(39, 27, 250)) { vector in
      let key = try vector.secret("key")
      let (nonce, aad, message) = (try vector.hex("iv"), try vector.hex("aad"), try vector.hex("msg"))
      let sealed = try vector.hex("ct") + vector.hex("tag")
      let opened = try? AESGCM.open(sealed, key: key, nonce: nonce, aad: aad)
      guard key.count == 32, nonce.count == 12 else {
        #expect(opened == nil)
        return .notServed
      }
      guard opened == message else { return .refused }
      #expect(try AESGCM.seal(message, key: key, nonce: nonce, aad: aad) == sealed)
      if aad.isEmpty {
        var cipher = try SegmentCipher(key: key)
        #expect(try cipher.open(sealed, nonce: nonce) == message)
        #expect(try cipher.seal(message, nonce: nonce) == sealed)
      }
      return .accepted
    }
  }

  @Test func aesKeyWrap() throws {
    try Wycheproof.check("aes_wrap", Tally(13, 55, 97)) { vector in
      let key = try vector.secret("key")
      let (message, wrapped) = (try vector.hex("msg"), try vector.hex("ct"))
      let plain = SecretBytes(message)
      let unwrapped = try? AESKeyWrap.unwrap(wrapped, key: key).exposed()
      guard key.count == 32 else {
        #expect(unwrapped == nil)
        return .notServed
      }
      guard unwrapped == message else { return .refused }
      #expect(try AESKeyWrap.wrap(plain, key: key) == wrapped)
      return .accepted
    }
  }

  @Test(arguments: [
    ("hkdf_sha256", Hash.sha256, Tally(83, 0, 3)),
    ("hkdf_sha384", Hash.sha384, Tally(80, 0, 3)),
  ])
  func hkdf(file: String, hash: Hash, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      let size = try vector.number("size")
      guard size <= 255 * hash.byteCount else { return .notServed }
      let input = try vector.secret("ikm")
      let output = HKDF.derive(
        hash, input, salt: try vector.hex("salt"), info: try vector.hex("info"), count: size)
      return output.exposed() == (try vector.hex("okm")) ? .accepted : .refused
    }
  }

  @Test(arguments: [
    ("hmac_sha256", Hash.sha256, Tally(66, 108)),
    ("hmac_sha384", Hash.sha384, Tally(66, 108)),
  ])
  func hmac(file: String, hash: Hash, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      let tag = try vector.hex("tag")
      let full = hash.hmac(key: try vector.hex("key"), try vector.hex("msg"))
      return constantTimeEquals(full.prefix(tag.count), tag) ? .accepted : .refused
    }
  }
}

extension SegmentCipher {
  mutating func seal(_ plaintext: [UInt8], nonce: [UInt8]) throws(CryptoError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: plaintext.count + 16)
    var elements = output.mutableSpan
    var span = unsafe elements.mutableBytes
    try unsafe seal(plaintext.span.bytes, nonce: nonce, into: &span)
    return output
  }

  mutating func open(_ sealed: [UInt8], nonce: [UInt8]) throws(CryptoError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: max(0, sealed.count - 16))
    var elements = output.mutableSpan
    var span = unsafe elements.mutableBytes
    try unsafe open(sealed.span.bytes, nonce: nonce, into: &span)
    return output
  }
}
