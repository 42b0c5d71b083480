import Bytes
import Cryptography
import TestSupport
import Testing

/// | file | asserted | not served (tried, refused) |
/// |---|---|---|
/// | json_web_signature, json_web_crypto (`jws`) | ES256 groups under the group's public key | every other algorithm: refused under a P-256 key |
/// | json_web_encryption, json_web_crypto (`jwe`) | compact texts rewritten as flattened JSON, ECDH-ES+A256KW on P-256/P-521 or RSA-OAEP-256, with A256GCM | every other algorithm |
/// | json_web_key | key sets are not read: every token is refused under a P-256 key it was not made with; ES256 keys are tried | the rest |
@Suite(.enabled(if: Wycheproof.isPresent)) struct WycheproofJOSETests {
  @Test(arguments: [
    ("json_web_signature", Tally(2, 37, 362)),
    ("json_web_crypto", Tally(1, 14, 68)),
    ("json_web_key", Tally(0, 3, 23)),
  ])
  func signatures(file: String, expected: Tally) throws {
    let stranger = try P256SigningKey.generate().publicKey.verifyingKey
    try Wycheproof.check(file, expected) { vector in
      guard let token = vector.test["jws"] else { return .notServed }
      // A JSON serialisation where the compact form is expected is handed over as its text.
      let text = token.stringValue ?? CanonicalJSON.text(token)
      #expect(throws: JWSError.self) { try JWS.verifyES256Bytes(text, key: stranger) }
      // What a key set says of a key's use is for whoever reads key sets; nobody here does.
      guard let jwk = signingKey(vector.group), jwk["alg"] == "ES256", jwk["use"] != "enc" else { return .notServed }
      guard let key = try? verifyingKey(jwk) else { return .refused }
      return (try? JWS.verifyES256Bytes(text, key: key)) == nil ? .refused : .accepted
    }
  }

  @Test(arguments: [("json_web_encryption", Tally(2, 6, 131)), ("json_web_crypto", Tally(0, 6, 77))])
  func encryption(file: String, expected: Tally) throws {
    try Wycheproof.check(file, expected) { vector in
      guard let token = vector.test["jwe"], let key = try keyPair(vector.group) else { return .notServed }
      guard let compact = token.stringValue, let json = flattened(compact) else { return .refused }
      let opened = try? JWE.decrypt(json, with: key).exposed()
      guard isServed(compact, key) else {
        #expect(opened == nil)
        return .notServed
      }
      guard let opened else { return .refused }
      if let plaintext = vector.test["pt"]?.stringValue {
        #expect(opened == (try Hex.decode(plaintext, "pt")))
      }
      return .accepted
    }
  }

  /// The one key of a group; of a set, the one named first.
  private func signingKey(_ group: JSONValue) -> JSONValue? {
    let key = group["public"] ?? group["private"]
    return key?["keys"]?.arrayValue?.first ?? key
  }

  private func verifyingKey(_ jwk: JSONValue) throws -> VerifyingKey {
    guard jwk["kty"] == "EC", jwk["crv"] == "P-256" else { throw CryptoError.unsupported }
    return try ECPublicKey(
      curve: .p256, x: try Base64.decodeURL(try #require(jwk["x"]?.stringValue), "x"),
      y: try Base64.decodeURL(try #require(jwk["y"]?.stringValue), "y")
    ).verifyingKey
  }

  private func keyPair(_ group: JSONValue) throws -> TEEKeyPair? {
    guard let jwk = group["private"] else { return nil }
    switch (jwk["kty"], jwk["crv"]) {
    case ("EC", "P-256"), ("EC", "P-521"): return try TEEKeyPair(try AgreementKey(jwk: jwk))
    case ("RSA", _): return try TEEKeyPair(pkcs8DER: try rsaPrivateKeyInfo(jwk))
    default: return nil
    }
  }

  private func isServed(_ compact: String, _ key: TEEKeyPair) -> Bool {
    guard let header = try? header(compact) else { return true }
    return header["alg"] == .string(key.jwk.algorithm.rawValue) && header["enc"] == "A256GCM"
  }

  private func header(_ compact: String) throws -> JSONValue {
    let first = compact.split(separator: ".", omittingEmptySubsequences: false)[0]
    return try StrictJSON.parse(try Base64.decodeURL(String(first), "header"))
  }

  private func flattened(_ compact: String) -> [UInt8]? {
    let parts = compact.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5 else { return nil }
    let names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"]
    return CanonicalJSON.encodeInOrder(.object(zip(names, parts).map { ($0, .string($1)) }))
  }
}

/// DER `PrivateKeyInfo` of an RSA key given as a JWK. Spec: RFC 8017 A.1.2, RFC 5958.
func rsaPrivateKeyInfo(_ jwk: JSONValue) throws -> SecretBytes {
  var numbers = DER.integer([0])
  for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
    numbers += DER.integer(try Base64.decodeURL(try #require(jwk[name]?.stringValue), "jwk"))
  }
  let algorithm = DER.sequence(DER.objectIdentifier(1, 2, 840, 113549, 1, 1, 1), [0x05, 0x00])
  return SecretBytes(
    DER.sequence(DER.integer([0]), algorithm, DER.octetString(DER.sequence(numbers))))
}
