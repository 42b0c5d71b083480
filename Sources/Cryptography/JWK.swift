package import Bytes

/// A public key to which a secret is encrypted, as a JWK. Unverified: whoever sent it vouches for it.
///
/// A value exists only for a key that is safe to use: the point lies on its curve, the modulus is large and odd, the
/// algorithm is the key's own. Spec: RFC 7517, RFC 7518 §6; CoCo KBS protocol, `tee-pubkey` (exactly these members).
package struct JWK: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case ec(curve: AgreementCurve, x: [UInt8], y: [UInt8])
    case rsa(n: [UInt8], e: [UInt8])
  }

  package let kind: Kind

  /// - Throws: `JWKError.pointInvalid` for coordinates of another width or not on the curve.
  package init(curve: AgreementCurve, x: [UInt8], y: [UInt8]) throws(JWKError) {
    guard (try? ECPublicKey(curve: curve.curve, x: x, y: y)) != nil else { throw .pointInvalid }
    kind = .ec(curve: curve, x: x, y: y)
  }

  /// - Throws: `JWKError.rsaWeak` outside 2048 to 8192 bits, for an even modulus, an even exponent or one below 65537.
  package init(n: [UInt8], e: [UInt8]) throws(JWKError) {
    guard let first = n.first, first != 0, let start = e.first, start != 0 else { throw .notCanonical }
    guard (try? RSAEncryptionKey(n: n, e: e)) != nil else { throw .rsaWeak }
    kind = .rsa(n: n, e: e)
  }

  package init(parsing value: JSONValue) throws(JWKError) {
    var reader = try Self.reading { () throws(ParseError) in try JSONReader(value, "jwk") }
    switch try Self.string("kty", &reader) {
    case "EC": try self.init(ec: &reader)
    case "RSA": try self.init(rsa: &reader)
    case "AKP": throw .akpRefused
    default: throw .unsupportedKeyType
    }
  }

  private init(ec reader: inout JSONReader) throws(JWKError) {
    guard let curve = AgreementCurve(joseName: try Self.string("crv", &reader)) else { throw .unsupportedCurve }
    guard try Self.string("alg", &reader) == JWE.Algorithm.ecdhES.rawValue else { throw .unsupportedAlgorithm }
    let x = try Self.bytes("x", &reader)
    let y = try Self.bytes("y", &reader)
    try Self.finish(reader)
    try self.init(curve: curve, x: x, y: y)
  }

  private init(rsa reader: inout JSONReader) throws(JWKError) {
    switch try Self.string("alg", &reader) {
    case JWE.Algorithm.rsaOAEP.rawValue: break
    case "RSA1_5": throw .rsa15Refused
    default: throw .unsupportedAlgorithm
    }
    let n = try Self.bytes("n", &reader)
    let e = try Self.bytes("e", &reader)
    try Self.finish(reader)
    try self.init(n: n, e: e)
  }

  /// The one key management algorithm of that kind of key.
  package var algorithm: JWE.Algorithm {
    switch kind {
    case .ec: .ecdhES
    case .rsa: .rsaOAEP
    }
  }

  /// Exactly the members of the KBS protocol, in the order of RFC 8785.
  package var json: JSONValue {
    switch kind {
    case .ec(let curve, let x, let y):
      .object([
        ("alg", .string(algorithm.rawValue)), ("crv", .string(curve.joseName)), ("kty", "EC"),
        ("x", .string(Base64.url(x))), ("y", .string(Base64.url(y))),
      ])
    case .rsa(let n, let e):
      .object([
        ("alg", .string(algorithm.rawValue)), ("e", .string(Base64.url(e))), ("kty", "RSA"),
        ("n", .string(Base64.url(n))),
      ])
    }
  }

  /// SHA-256 over the required members. Spec: RFC 7638 §3.
  package var thumbprint: [UInt8] {
    var members = json.objectValue ?? JSONObject()
    members["alg"] = nil
    return Hash.sha256.digest(CanonicalJSON.encode(.object(members)))
  }
}

extension JWK {
  private static func reading<T>(_ body: () throws(ParseError) -> T) throws(JWKError) -> T {
    do throws(ParseError) { return try body() } catch { throw .malformed(error) }
  }

  private static func string(_ key: String, _ reader: inout JSONReader) throws(JWKError) -> String {
    do throws(ParseError) { return try reader.string(key) } catch { throw .malformed(error) }
  }

  private static func bytes(_ key: String, _ reader: inout JSONReader) throws(JWKError) -> [UInt8] {
    let text = try string(key, &reader)
    do throws(ParseError) { return try Base64.decodeURL(text, "jwk") } catch { throw .malformed(error) }
  }

  private static func finish(_ reader: JSONReader) throws(JWKError) {
    guard reader.unreadMembers.isEmpty else { throw .unknownMember }
  }
}

/// Why a JWK was refused. Holds nothing of the input.
package enum JWKError: Error, Equatable, Sendable {
  case malformed(ParseError)
  /// A member that the protocol does not have: its sender hashed more than a verifier would.
  case unknownMember
  case unsupportedKeyType
  case unsupportedCurve
  case unsupportedAlgorithm
  /// RSA1_5: its padding can be probed one answer at a time.
  case rsa15Refused
  /// AKP: experimental upstream.
  case akpRefused
  case pointInvalid
  case rsaWeak
  /// A number with leading zeros.
  case notCanonical

  package var code: String {
    switch self {
    case .malformed: "jwkMalformed"
    case .unknownMember: "jwkUnknownMember"
    case .unsupportedKeyType: "jwkKeyTypeUnsupported"
    case .unsupportedCurve: "jwkCurveUnsupported"
    case .unsupportedAlgorithm: "jwkAlgorithmUnsupported"
    case .rsa15Refused: "jwkRSA15Refused"
    case .akpRefused: "jwkAKPRefused"
    case .pointInvalid: "jwkPointInvalid"
    case .rsaWeak: "jwkRSAWeak"
    case .notCanonical: "jwkNotCanonical"
    }
  }
}
