import Bytes
package import Cryptography

/// The sealed form of a `Session`, which the guest keeps for the broker.
///
/// Shape: `v1.` and base64url of key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag. AAD:
/// `vouchsafe/session/v1|<cluster>`. Spec: reliability §3.6. Key and randomness come from the caller.
package enum SessionCookie {
  package static let keyIDByteCount = 8
  package static let nonceByteCount = 12
  /// Longer values are not looked at.
  package static let limitBytes = 3500
  private static let prefix = "v1."

  /// - Precondition: `keyID` is of 8 bytes; `nonce` of 12, never used before with this key.
  package static func seal(
    _ session: Session, key: borrowing SecretBytes, keyID: [UInt8], nonce: [UInt8], cluster: String
  ) throws(CryptoError) -> String {
    precondition(keyID.count == keyIDByteCount && nonce.count == nonceByteCount)
    let sealed = try AESGCM.seal(session.encoded(), key: key, nonce: nonce, aad: associatedData(cluster))
    return prefix + Base64.url(keyID + nonce + sealed)
  }

  /// Which key opens the value; says nothing about whether it does.
  package static func keyID(of value: String) throws(KBSProtocolError) -> [UInt8] { try parts(value).keyID }

  /// - Throws: `badCookie`, whatever was wrong: a guest then starts again.
  package static func open(
    _ value: String, key: borrowing SecretBytes, cluster: String
  ) throws(KBSProtocolError) -> Session {
    let parts = try parts(value)
    let plaintext: [UInt8]
    do throws(CryptoError) {
      plaintext = try AESGCM.open(parts.sealed, key: key, nonce: parts.nonce, aad: associatedData(cluster))
    } catch { throw .badCookie }
    do throws(KBSProtocolError) { return try Session(parsing: plaintext) } catch { throw .badCookie }
  }

  private static func associatedData(_ cluster: String) -> [UInt8] { Array("vouchsafe/session/v1|\(cluster)".utf8) }

  private static func parts(
    _ value: String
  ) throws(KBSProtocolError) -> (keyID: [UInt8], nonce: [UInt8], sealed: [UInt8]) {
    guard value.utf8.count <= limitBytes, value.utf8.starts(with: prefix.utf8) else { throw .badCookie }
    do throws(ParseError) {
      var cursor = ByteCursor(try Base64.decodeURL(String(value.dropFirst(prefix.count)), "cookie"))
      let keyID = Array(try cursor.bytes(keyIDByteCount, "cookie.key"))
      let nonce = Array(try cursor.bytes(nonceByteCount, "cookie.nonce"))
      return (keyID, nonce, Array(cursor.rest()))
    } catch { throw .badCookie }
  }
}
