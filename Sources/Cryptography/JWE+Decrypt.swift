import Bytes

extension JWE {
  /// Opens flattened JWE JSON with the key it was made for; the payload goes straight into secret pages.
  ///
  /// Exactly the members `protected`, `encrypted_key`, `iv`, `ciphertext`, `tag`, and in the header `alg`, `enc` and, for
  /// a curve, `epk`; base64url without padding and canonical; associated data is the received text of `protected`.
  /// - Throws: `JWEError`.
  package static func decrypt(
    _ json: [UInt8], with key: TEEKeyPair, limitBytes: Int = 16 << 20
  ) throws(JWEError) -> SecretBytes {
    guard json.count <= limitBytes else { throw .tooLarge }
    let parts = try parsing { () throws(ParseError) in try Parts(json) }
    guard parts.unread.isEmpty else { throw .unknownMember }
    let header = try Header(parts.header)
    guard header.algorithm == key.jwk.algorithm.rawValue, header.encryption == contentAlgorithm else {
      throw .algorithmRefused
    }
    guard parts.iv.count == AESGCM.nonceByteCount, parts.tag.count == AESGCM.tagByteCount else {
      throw .authenticationFailed
    }
    let contentKey = try unwrap(parts.encryptedKey, header, key)
    guard contentKey.count == 32 else { throw .authenticationFailed }
    do throws(CryptoError) {
      return try AESGCM.openSecret(
        parts.ciphertext + parts.tag, key: contentKey, nonce: parts.iv, aad: Array(parts.protected.utf8))
    } catch {
      throw error == .internalFailure ? .internalFailure : .authenticationFailed
    }
  }

  private static func unwrap(
    _ encryptedKey: [UInt8], _ header: Header, _ key: TEEKeyPair
  ) throws(JWEError) -> SecretBytes {
    switch key.storage {
    case .agreement(let own):
      let peer = try header.ephemeralKey(on: own.curve)
      do throws(CryptoError) {
        return try AESKeyWrap.unwrap(encryptedKey, key: try keyEncryptionKey(own, peer))
      } catch {
        throw error == .internalFailure ? .internalFailure : .authenticationFailed
      }
    case .rsa(let own):
      guard header.ephemeral == nil else { throw .unknownMember }
      do throws(CryptoError) {
        return try own.decrypt(encryptedKey)
      } catch {
        throw error == .internalFailure ? .internalFailure : .authenticationFailed
      }
    }
  }

  static func parsing<T>(_ body: () throws(ParseError) -> T) throws(JWEError) -> T {
    do throws(ParseError) { return try body() } catch { throw .malformed(error) }
  }

  private struct Parts {
    let protected: String
    let header: JSONValue
    let encryptedKey: [UInt8]
    let iv: [UInt8]
    let ciphertext: [UInt8]
    let tag: [UInt8]
    let unread: [String]

    init(_ json: [UInt8]) throws(ParseError) {
      var reader = try JSONReader(try StrictJSON.parse(json, limits: JWE.limits), "jwe")
      protected = try reader.string("protected")
      encryptedKey = try Base64.decodeURL(try reader.string("encrypted_key"), "jwe.encrypted_key")
      iv = try Base64.decodeURL(try reader.string("iv"), "jwe.iv")
      ciphertext = try Base64.decodeURL(try reader.string("ciphertext"), "jwe.ciphertext")
      tag = try Base64.decodeURL(try reader.string("tag"), "jwe.tag")
      unread = reader.unreadMembers
      header = try StrictJSON.parse(try Base64.decodeURL(protected, "jwe.protected"), limits: JWE.limits)
    }
  }

  fileprivate static let limits = StrictJSON.Limits(depth: 3, tokens: 32)

  private struct Header {
    let algorithm: String
    let encryption: String
    let ephemeral: JSONValue?

    init(_ value: JSONValue) throws(JWEError) {
      var unread: [String] = []
      (algorithm, encryption, ephemeral) = try JWE.parsing { () throws(ParseError) in
        var reader = try JSONReader(value, "jwe.protected")
        let names = (try reader.string("alg"), try reader.string("enc"), reader.optionalValue("epk"))
        unread = reader.unreadMembers
        return names
      }
      guard unread.isEmpty else { throw .unknownMember }
    }

    func ephemeralKey(on curve: AgreementCurve) throws(JWEError) -> ECPublicKey {
      guard let ephemeral else { throw .ephemeralKeyInvalid }
      var unread: [String] = []
      let (type, name, x, y) = try JWE.parsing { () throws(ParseError) in
        var reader = try JSONReader(ephemeral, "jwe.epk")
        let members = (
          try reader.string("kty"), try reader.string("crv"),
          try Base64.decodeURL(try reader.string("x"), "jwe.epk.x"),
          try Base64.decodeURL(try reader.string("y"), "jwe.epk.y")
        )
        unread = reader.unreadMembers
        return members
      }
      guard unread.isEmpty else { throw .unknownMember }
      guard type == "EC", name == curve.joseName, let key = try? ECPublicKey(curve: curve.curve, x: x, y: y) else {
        throw .ephemeralKeyInvalid
      }
      return key
    }
  }
}
