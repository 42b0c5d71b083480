/// The key pair an attester makes for one session: its public half is bound into the evidence, and secrets come back
/// encrypted to it.
package final class TEEKeyPair: Sendable {
  package enum Algorithm: Sendable, Hashable, CaseIterable {
    case ecP256, ecP521, rsaOAEP256
  }

  enum Storage: Sendable {
    case agreement(AgreementKey)
    case rsa(RSADecryptionKey)
  }

  package let algorithm: Algorithm
  package let jwk: JWK
  let storage: Storage

  /// A fresh key; RSA has 3072 bits.
  package static func generate(_ algorithm: Algorithm) -> TEEKeyPair {
    let pair =
      switch algorithm {
      case .ecP256: try? TEEKeyPair(AgreementKey.generate(.p256))
      case .ecP521: try? TEEKeyPair(AgreementKey.generate(.p521))
      case .rsaOAEP256: try? TEEKeyPair(try RSADecryptionKey.generate(bits: 3072))
      }
    // A key just made is of a permitted kind; libcrypto that cannot make one cannot serve at all.
    guard let pair else { fatalError("libcrypto cannot make a key") }
    return pair
  }

  package init(_ key: AgreementKey) throws(CryptoError) {
    do throws(JWKError) {
      jwk = try JWK(curve: key.curve, x: key.publicKey.x, y: key.publicKey.y)
    } catch {
      throw .badKey
    }
    algorithm = key.curve == .p256 ? .ecP256 : .ecP521
    storage = .agreement(key)
  }

  package init(_ key: RSADecryptionKey) throws(CryptoError) {
    do throws(JWKError) { jwk = try JWK(n: key.n, e: key.e) } catch { throw .badKey }
    algorithm = .rsaOAEP256
    storage = .rsa(key)
  }

  /// A key kept from before, as DER `PrivateKeyInfo` of an EC key on P-256 or P-521, or of an RSA key.
  package convenience init(pkcs8DER der: borrowing SecretBytes) throws(CryptoError) {
    if let key = try? AgreementKey(pkcs8DER: der) {
      try self.init(key)
    } else {
      try self.init(try RSADecryptionKey(pkcs8DER: der))
    }
  }

  package func pkcs8() -> SecretBytes {
    switch storage {
    case .agreement(let key): key.privateKeyInfo()
    case .rsa(let key): key.privateKeyInfo()
    }
  }
}
