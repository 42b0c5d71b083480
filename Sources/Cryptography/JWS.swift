package import Bytes

/// Signed tokens in compact form with ES256 and nothing else. Spec: RFC 7515 §7.1, RFC 7518 §3.4, RFC 8725 §3.
package enum JWS {
  package struct Limits: Sendable {
    /// Of the whole token, checked before anything else.
    package var bytes: Int
    package init(bytes: Int = 16 << 10) { self.bytes = bytes }
    package static let `default` = Limits()
  }

  /// Signs the header and payload as they are ordered. The header must say `"alg":"ES256"`.
  package static func signES256(header: JSONValue, payload: JSONValue, key: P256SigningKey) -> String {
    precondition(header["alg"] == "ES256", "the header of an ES256 token names ES256")
    let text =
      Base64.url(CanonicalJSON.encodeInOrder(header)) + "." + Base64.url(CanonicalJSON.encodeInOrder(payload))
    return text + "." + Base64.url(key.sign(Array(text.utf8)))
  }

  /// Verifies with the caller's key: what the header says about keys (`jwk`, `jku`, `x5c`, `x5u`, `kid`) is not looked at.
  /// - Throws: `JWSError`; the payload is not parsed unless the signature is good.
  package static func verifyES256(
    _ compact: String, key: VerifyingKey, limits: Limits = .default
  ) throws(JWSError) -> (header: JSONValue, payload: JSONValue) {
    let (header, payload) = try verifyES256Bytes(compact, key: key, limits: limits)
    do throws(ParseError) {
      return (header, try StrictJSON.parse(payload))
    } catch {
      throw .malformed(error)
    }
  }

  package static func verifyES256Bytes(
    _ compact: String, key: VerifyingKey, limits: Limits = .default
  ) throws(JWSError) -> (header: JSONValue, payload: [UInt8]) {
    guard compact.utf8.count <= limits.bytes else { throw .tooLarge }
    guard key.kind == .p256 else { throw .algorithmRefused }
    let parts = Array(compact.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed(ParseError("jws", .unexpected)) }
    let header: JSONValue
    let signature: [UInt8]
    let payload: [UInt8]
    do throws(ParseError) {
      let text = try Base64.decode(Array(parts[0]), .url, padding: .forbidden, "jws.header")
      header = try StrictJSON.parse(text, limits: StrictJSON.Limits(depth: 8, tokens: 256))
      payload = try Base64.decode(Array(parts[1]), .url, padding: .forbidden, "jws.payload")
      signature = try Base64.decode(Array(parts[2]), .url, padding: .forbidden, "jws.signature")
    } catch {
      throw .malformed(error)
    }
    guard header["alg"] == "ES256" else { throw .algorithmRefused }
    // Whoever sets `crit` demands that an extension is understood; none is. `b64` would change what is signed.
    guard header["crit"] == nil, header["b64"] == nil else { throw .criticalHeader }
    let signed = parts[0] + [UInt8(ascii: ".")] + parts[1]
    guard key.isValidECDSA(raw: signature, for: Array(signed), hash: .sha256) else { throw .badSignature }
    return (header, payload)
  }
}

/// Why a token was refused.
package enum JWSError: Error, Equatable, Sendable {
  case tooLarge
  case malformed(ParseError)
  /// Any `alg` but ES256, `none` among them, or a key that is not on P-256.
  case algorithmRefused
  case criticalHeader
  case badSignature

  package var code: String {
    switch self {
    case .tooLarge: "jwsTooLarge"
    case .malformed: "jwsMalformed"
    case .algorithmRefused: "jwsAlgorithmRefused"
    case .criticalHeader: "jwsCriticalHeader"
    case .badSignature: "jwsBadSignature"
    }
  }
}
