package import Bytes
package import Cryptography

/// Wraps and unwraps the keyring; never hands out its own key. An implementer owes authenticated encryption that binds
/// `context`, and an error (never other bytes) when either was changed.
package protocol RootProvider: Sendable {
  /// Names the root key, for people and for the keyring file.
  var keyID: String { get }
  func wrap(_ secret: borrowing SecretBytes, context: [UInt8]) throws(KeyringError) -> [UInt8]
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws(KeyringError) -> SecretBytes
}

package enum KeyringError: Error, Equatable, Sendable {
  case rootKeyUnusable, wrappedKeyUnusable, malformed(ParseError), keyMissing(String), encryptionFailed

  package var code: String {
    switch self {
    case .rootKeyUnusable: "rootKeyUnusable"
    case .wrappedKeyUnusable: "wrappedKeyUnusable"
    case .malformed: "keyringMalformed"
    case .keyMissing: "keyringKeyMissing"
    case .encryptionFailed: "keyringEncryptionFailed"
    }
  }
}

/// The root key in a file of 32 bytes, mode 0600. Whoever reads that file and the state reads every key.
package final class FileRoot: RootProvider {
  package let keyID: String
  private let key: SecretBytes

  /// - Throws: `rootKeyUnusable` unless `key` has 32 bytes.
  package init(key: consuming SecretBytes) throws(KeyringError) {
    guard key.count == 32 else { throw .rootKeyUnusable }
    let check = HKDF.sha256(key, salt: [], info: Array("vouchsafe/root-key-id/v1".utf8), count: 8)
    keyID = "file:" + check.withBytes { span in Hex.encode((0..<span.byteCount).map { span.byte(at: $0) }) }
    self.key = key
  }

  package func wrap(_ secret: borrowing SecretBytes, context: [UInt8]) throws(KeyringError) -> [UInt8] {
    do {
      return try WrappedKey.seal(secret, under: key, context: context)
    } catch { throw .encryptionFailed }
  }

  package func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws(KeyringError) -> SecretBytes {
    do {
      return try WrappedKey.open(wrapped, under: key, context: context)
    } catch { throw .wrappedKeyUnusable }
  }
}

/// AES-256-GCM with a random 96-bit nonce in front; the context is authenticated, so that records cannot be swapped.
enum WrappedKey {
  static func seal(
    _ secret: borrowing SecretBytes, under key: borrowing SecretBytes, context: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    let nonce = SystemRandom.bytes(12)
    return nonce + (try AESGCM.sealSecret(secret, key: key, nonce: nonce, aad: context))
  }

  static func open(
    _ wrapped: [UInt8], under key: borrowing SecretBytes, context: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    guard wrapped.count > 12 else { throw .badLength }
    return try AESGCM.openSecret(Array(wrapped[12...]), key: key, nonce: Array(wrapped[..<12]), aad: context)
  }

  /// Length-prefixed fields under one label: no two lists of fields share a context.
  static func context(_ fields: String...) -> [UInt8] {
    var writer = ByteWriter()
    writer.lengthPrefixed("vouchsafe/wrap/v1")
    for field in fields { writer.lengthPrefixed(field) }
    return writer.bytes
  }
}
