package import Bytes

/// Secrets encrypted to a public key, as flattened JWE JSON of exactly the members that CoCo clients take.
/// Spec: RFC 7516 §7.2.2, RFC 7518 §4.3, §4.6, §5.3; CoCo KBS protocol, resource response.
package enum JWE {
  /// The key management algorithms served: one for each kind of key.
  package enum Algorithm: String, Sendable {
    case ecdhES = "ECDH-ES+A256KW"
    case rsaOAEP = "RSA-OAEP-256"
  }

  static let contentAlgorithm = "A256GCM"

  /// Encrypts under a fresh content key and, for a curve, a fresh ephemeral key.
  /// - Throws: `JWEError.internalFailure` only.
  package static func encrypt(
    _ payload: borrowing SecretBytes, to key: JWK
  ) throws(JWEError) -> [UInt8] {
    var ephemeral: AgreementKey?
    if case .ec(let curve, _, _) = key.kind { ephemeral = .generate(curve) }
    return try encrypt(
      payload, to: key, deterministicallyWithEphemeral: ephemeral, contentKey: .random(count: 32),
      iv: SystemRandom.bytes(AESGCM.nonceByteCount))
  }

  /// For test vectors: with the caller's content key, nonce and ephemeral key, none of which may ever serve twice.
  package static func encrypt(
    _ payload: borrowing SecretBytes, to key: JWK, deterministicallyWithEphemeral ephemeral: AgreementKey?,
    contentKey: borrowing SecretBytes, iv: [UInt8]
  ) throws(JWEError) -> [UInt8] {
    let protected = Base64.url(CanonicalJSON.encodeInOrder(header(for: key, ephemeral)))
    let encryptedKey = try wrap(contentKey, to: key, ephemeral)
    let sealed: [UInt8]
    do throws(CryptoError) {
      sealed = try AESGCM.sealSecret(payload, key: contentKey, nonce: iv, aad: Array(protected.utf8))
    } catch {
      throw .internalFailure
    }
    return CanonicalJSON.encodeInOrder(
      .object([
        ("protected", .string(protected)), ("encrypted_key", .string(Base64.url(encryptedKey))),
        ("iv", .string(Base64.url(iv))),
        ("ciphertext", .string(Base64.url(sealed.dropLast(AESGCM.tagByteCount)))),
        ("tag", .string(Base64.url(sealed.suffix(AESGCM.tagByteCount)))),
      ]))
  }

  /// The stock client parses the header and writes it again to get the associated data: these members in this order.
  private static func header(for key: JWK, _ ephemeral: AgreementKey?) -> JSONValue {
    var header = JSONObject([("alg", .string(key.algorithm.rawValue)), ("enc", .string(contentAlgorithm))])
    if let ephemeral {
      header["epk"] = .object([
        ("crv", .string(ephemeral.curve.joseName)), ("kty", "EC"),
        ("x", .string(Base64.url(ephemeral.publicKey.x))), ("y", .string(Base64.url(ephemeral.publicKey.y))),
      ])
    }
    return .object(header)
  }

  private static func wrap(
    _ contentKey: borrowing SecretBytes, to key: JWK, _ ephemeral: AgreementKey?
  ) throws(JWEError) -> [UInt8] {
    do throws(CryptoError) {
      switch (key.kind, ephemeral) {
      case (.ec(let curve, let x, let y), let ephemeral?):
        let peer = try ECPublicKey(curve: curve.curve, x: x, y: y)
        return try AESKeyWrap.wrap(contentKey, key: try keyEncryptionKey(ephemeral, peer))
      case (.rsa(let n, let e), _):
        return try RSAEncryptionKey(n: n, e: e).encrypt(contentKey)
      case (.ec, nil):
        throw .badKey
      }
    } catch {
      throw .internalFailure
    }
  }

  /// Concat KDF, one round of SHA-256, `apu` and `apv` empty. Spec: RFC 7518 §4.6.2, NIST SP 800-56A §5.8.1.
  package static func keyEncryptionKey(
    _ own: AgreementKey, _ peer: ECPublicKey
  ) throws(CryptoError) -> SecretBytes {
    let shared = try own.sharedSecret(with: peer)
    var fixed = ByteWriter()
    fixed.lengthPrefixed(Algorithm.ecdhES.rawValue)
    fixed.lengthPrefixed("")
    fixed.lengthPrefixed("")
    fixed.bigEndian(UInt32(256))
    var stream = HashStream(.sha256)
    stream.update([0, 0, 0, 1])
    shared.withBytes { stream.update($0) }
    stream.update(fixed.bytes)
    return stream.finishSecret()
  }
}

/// Why a JWE was refused.
package enum JWEError: Error, Equatable, Sendable {
  case tooLarge
  case malformed(ParseError)
  /// A member of the document or of its header that is not served, `zip` and `crit` among them.
  case unknownMember
  /// Not the one algorithm of the recipient's key, or not A256GCM.
  case algorithmRefused
  /// The ephemeral key is not a point on the recipient's curve.
  case ephemeralKeyInvalid
  /// Key or content does not authenticate; which of the two is not told.
  case authenticationFailed
  case internalFailure

  package var code: String {
    switch self {
    case .tooLarge: "jweTooLarge"
    case .malformed: "jweMalformed"
    case .unknownMember: "jweUnknownMember"
    case .algorithmRefused: "jweAlgorithmRefused"
    case .ephemeralKeyInvalid: "jweEphemeralKeyInvalid"
    case .authenticationFailed: "jweAuthenticationFailed"
    case .internalFailure: "internalFailure"
    }
  }
}
