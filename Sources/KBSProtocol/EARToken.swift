package import Bytes
package import Cryptography

/// The broker's own token: an EAR in a JWT that stock clients accept and other KBS servers can consume.
///
/// Signed by the broker. It never holds raw evidence, only digests and the log's index; the nonce stands inside the claims
/// alone, because clients refuse an object or a foreign type at the top. Spec: kbs-protocol §3.2, §3.3.
package struct EARToken: Equatable, Sendable {
  package var issuer: String
  /// Version and build of the broker.
  package var build: String
  package var issued: Timestamp
  package var expires: Timestamp
  package var teePublicKey: JWK
  package var tee: TEEName
  /// The verified claims of that TEE, as its verifier names them.
  package var claims: JSONValue
  package var nonce: String
  package var trustworthiness: TrustworthinessVector
  /// Any input was simulated.
  package var isSimulated: Bool
  /// SHA-256 of the stored evidence bundle.
  package var evidenceDigest: [UInt8]
  package var logIndex: UInt64
  /// Names the generation of signing keys.
  package var keyEpoch: UInt64
  /// As the hardware signed them: 64 bytes, and HOST_DATA or MRCONFIGID.
  package var reportData: [UInt8] = []
  package var initData: [UInt8] = []

  /// A head of 8 KiB holds the whole token; servers limit all headers together.
  package static let limitBytes = 8 * 1024

  package init(
    issuer: String, build: String, issued: Timestamp, expires: Timestamp, teePublicKey: JWK, tee: TEEName,
    claims: JSONValue,
    nonce: String, trustworthiness: TrustworthinessVector, isSimulated: Bool, evidenceDigest: [UInt8],
    logIndex: UInt64, keyEpoch: UInt64
  ) {
    self.issuer = issuer
    self.build = build
    self.issued = issued
    self.expires = expires
    self.teePublicKey = teePublicKey
    self.tee = tee
    self.claims = claims
    self.nonce = nonce
    self.trustworthiness = trustworthiness
    self.isSimulated = isSimulated
    self.evidenceDigest = evidenceDigest
    self.logIndex = logIndex
    self.keyEpoch = keyEpoch
  }

  /// - Throws: `tokenTooLong` over 8 KiB.
  package func signed(with key: P256SigningKey) throws(KBSProtocolError) -> String {
    let header: JSONValue = .object([
      ("typ", "JWT"), ("alg", "ES256"), ("kid", .string(Self.keyID(key.publicKey))),
      ("jwk", key.publicKey.signingJWK(algorithm: "ES256")),
    ])
    let token = JWS.signES256(header: header, payload: payload, key: key)
    guard token.utf8.count <= Self.limitBytes else { throw .tokenTooLong }
    return token
  }

  /// The name of a signing key: its thumbprint. Spec: RFC 7638 §3.
  static func keyID(_ key: ECPublicKey) -> String {
    var members = key.signingJWK(algorithm: "ES256").objectValue ?? JSONObject()
    members["alg"] = nil
    return Base64.url(Hash.sha256.digest(CanonicalJSON.encode(.object(members))))
  }

  /// A signing key as it is published for others to verify tokens by: with `kid` and `use`. Spec: RFC 7517 §4.
  package static func publishedKey(_ key: ECPublicKey) -> JSONValue {
    var members = key.signingJWK(algorithm: "ES256").objectValue ?? JSONObject()
    members["kid"] = .string(keyID(key))
    members["use"] = "sig"
    return .object(members)
  }

  /// Reads a token of ours: signature, issuer and time are checked; what it says was true when it was issued, and what it
  /// opens is decided anew at each release.
  package init(
    parsing compact: String, key: VerifyingKey, issuer: String, at now: Timestamp
  ) throws(KBSProtocolError) {
    guard compact.utf8.count <= Self.limitBytes, let payload = Self.verified(compact, key) else { throw .badToken }
    do throws(KBSProtocolError) { try self.init(payload: payload) } catch { throw .badToken }
    guard self.issuer.utf8.elementsEqual(issuer.utf8), issued <= now.adding(.seconds(60)) else { throw .badToken }
    guard now < expires else { throw .tokenExpired }
  }

  private static func verified(_ compact: String, _ key: VerifyingKey) -> JSONValue? {
    try? JWS.verifyES256(compact, key: key).payload
  }
}
