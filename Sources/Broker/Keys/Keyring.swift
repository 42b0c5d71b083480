import Bytes
package import Cryptography

/// The broker's own keys, in memory unwrapped, at rest only wrapped by the root provider.
///
/// `keys/keyring.json`: `{"format":1,"root":ID,"keys":[{"purpose","id","wrapped"}]}`.
package final class Keyring: Sendable {
  package enum Purpose: String, CaseIterable, Sendable {
    /// Wraps the model keys.
    case kek
    /// Seed of the log's Ed25519 key.
    case log
    /// PKCS #8 of the token's P-256 key.
    case token
    /// Key of the HMAC that turns hardware ids into pseudonyms.
    case pseudonym
  }

  package let kekID: String
  let kek: SecretBytes
  package let logKey: Ed25519PrivateKey
  package let tokenKey: P256SigningKey
  package let tokenVerifyingKey: VerifyingKey
  private let pseudonymKey: SecretBytes
  /// Salts the names in leaves of a log that keeps them private.
  let namesKey: SharedSecret

  private init(
    kekID: String, kek: consuming SecretBytes, logKey: Ed25519PrivateKey, tokenKey: P256SigningKey,
    pseudonymKey: consuming SecretBytes
  ) throws(CryptoError) {
    tokenVerifyingKey = try tokenKey.publicKey.verifyingKey
    self.kekID = kekID
    self.kek = kek
    self.logKey = logKey
    self.tokenKey = tokenKey
    namesKey = SharedSecret(
      HKDF.sha256(pseudonymKey, salt: [], info: Array("vouchsafe/log-names-key/v1".utf8), count: 32))
    self.pseudonymKey = pseudonymKey
  }

  /// Makes new keys and returns the file's text with each of them wrapped.
  package static func create(under root: some RootProvider) throws -> [UInt8] {
    let kek = SecretBytes.random(count: 32)
    let log = SecretBytes.random(count: 32)
    let pseudonym = SecretBytes.random(count: 32)
    let token = P256SigningKey.generate().pkcs8()
    let keys = [
      try entry(.kek, id: "kek-1", kek, root), try entry(.log, id: "log-1", log, root),
      try entry(.token, id: "token-1", token, root), try entry(.pseudonym, id: "pseudonym-1", pseudonym, root),
    ]
    return CanonicalJSON.encode(
      .object([("format", 1), ("root", .string(root.keyID)), ("keys", .array(keys))]))
  }

  private static func entry(
    _ purpose: Purpose, id: String, _ secret: borrowing SecretBytes, _ root: some RootProvider
  ) throws(KeyringError) -> JSONValue {
    let wrapped = try root.wrap(secret, context: WrappedKey.context("keyring", purpose.rawValue, id))
    return .object([
      ("purpose", .string(purpose.rawValue)), ("id", .string(id)), ("wrapped", .string(Base64.encode(wrapped))),
    ])
  }

  /// - Throws: `KeyringError`: malformed file, a key that is missing, or one that the root does not open.
  package static func open(_ file: [UInt8], under root: some RootProvider) throws -> Keyring {
    let wrapped = try parse(file)
    func secret(_ purpose: Purpose) throws(KeyringError) -> (id: String, wrapped: [UInt8]) {
      guard let entry = wrapped[purpose] else { throw .keyMissing(purpose.rawValue) }
      return entry
    }
    func unwrapped(_ purpose: Purpose) throws(KeyringError) -> SecretBytes {
      let entry = try secret(purpose)
      return try root.unwrap(entry.wrapped, context: WrappedKey.context("keyring", purpose.rawValue, entry.id))
    }
    return try Keyring(
      kekID: try secret(.kek).id, kek: try unwrapped(.kek), logKey: try Ed25519PrivateKey(seed: unwrapped(.log)),
      tokenKey: try P256SigningKey(pkcs8DER: unwrapped(.token)), pseudonymKey: try unwrapped(.pseudonym))
  }

  private static func parse(_ file: [UInt8]) throws(KeyringError) -> [Purpose: (id: String, wrapped: [UInt8])] {
    do throws(ParseError) {
      var reader = try JSONReader(StrictJSON.parse(file), "keyring")
      guard try reader.integer("format", as: Int.self) == 1 else { throw ParseError("keyring.format", .unexpected) }
      _ = try reader.string("root")
      var keys: [Purpose: (id: String, wrapped: [UInt8])] = [:]
      for value in try reader.array("keys") {
        var item = try JSONReader(value, "keyring.keys")
        guard let purpose = Purpose(rawValue: try item.string("purpose")) else {
          throw ParseError("keyring.keys.purpose", .unexpected)
        }
        let wrapped = try Base64.decode(try item.string("wrapped"), .standard, "keyring.keys.wrapped")
        guard keys.updateValue((try item.string("id"), wrapped), forKey: purpose) == nil else {
          throw ParseError("keyring.keys.purpose", .duplicate)
        }
        try item.finish()
      }
      try reader.finish()
      return keys
    } catch { throw .malformed(error) }
  }

  /// Sixteen bytes that stand for a hardware id in leaves. Spec: HMAC-SHA-256, cut.
  func pseudonym(of hardwareID: [UInt8]) -> [UInt8] {
    let mac = HKDF.sha256(pseudonymKey, salt: [], info: Array("vouchsafe/pseudonym/v1".utf8) + hardwareID, count: 16)
    return mac.withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
  }

  /// Makes digests of the reference values unguessable in a log that keeps names private.
  package var valuesSalt: [UInt8] {
    namesKey.withSecret { key in
      HKDF.sha256(key, salt: [], info: Array("vouchsafe/refvalues-salt/v1".utf8), count: 32)
        .withBytes { span in (0..<span.byteCount).map { span.byte(at: $0) } }
    }
  }
}

extension RawSpan {
  func byte(at offset: Int) -> UInt8 { unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self) }
}
