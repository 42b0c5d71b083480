package import Bytes
import CCrypto

/// A point on a NIST curve, checked to lie on it.
package struct ECPublicKey: Sendable, Hashable {
  package let curve: Curve
  /// Big-endian, exactly `curve.byteCount` bytes.
  package let x: [UInt8]
  package let y: [UInt8]
  let handle: KeyHandle

  /// - Throws: `CryptoError.badLength` for a coordinate of another width, `.badKey` for a point not on the curve.
  package init(curve: Curve, x: [UInt8], y: [UInt8]) throws(CryptoError) {
    handle = unsafe try KeyHandle.make { unsafe cc_ec_from_coordinates(curve.number, x, x.count, y, y.count, $0) }
    self.curve = curve
    self.x = x
    self.y = y
  }

  /// The public half of a key on a curve.
  init(_ handle: KeyHandle) throws(CryptoError) {
    guard let curve = unsafe Curve(number: cc_key_kind(handle.pointer)) else { throw .unsupported }
    var (x, y) = ([UInt8](repeating: 0, count: curve.byteCount), [UInt8](repeating: 0, count: curve.byteCount))
    unsafe try check(cc_ec_coordinates(handle.pointer, &x, &y))
    try self.init(curve: curve, x: x, y: y)
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.curve == right.curve && left.x == right.x && left.y == right.y
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(curve)
    hasher.combine(x)
    hasher.combine(y)
  }

  /// DER `SubjectPublicKeyInfo`, uncompressed point, named curve.
  package var subjectPublicKeyInfo: [UInt8] { curve.subjectPublicKeyInfo(x, y) }

  package var verifyingKey: VerifyingKey {
    get throws(CryptoError) { try VerifyingKey(handle, subjectPublicKeyInfo) }
  }

  /// The JWK of a signing key: `alg`, `crv`, `kty`, `x`, `y`. Spec: RFC 7518 §6.2.1.
  package func signingJWK(algorithm: String) -> JSONValue {
    [
      "alg": .string(algorithm), "crv": .string(curve.joseName), "kty": "EC", "x": .string(Base64.url(x)),
      "y": .string(Base64.url(y)),
    ]
  }
}

extension Curve {
  /// Spec: RFC 5480 §2.
  fileprivate func subjectPublicKeyInfo(_ x: [UInt8], _ y: [UInt8]) -> [UInt8] {
    switch self {
    case .p256: Self.p256Header + x + y
    case .p384: Self.p384Header + x + y
    case .p521: Self.p521Header + x + y
    }
  }

  /// What stands before the coordinates.
  private static let p256Header = header(DER.objectIdentifier(1, 2, 840, 10045, 3, 1, 7), coordinateCount: 32)
  private static let p384Header = header(DER.objectIdentifier(1, 3, 132, 0, 34), coordinateCount: 48)
  private static let p521Header = header(DER.objectIdentifier(1, 3, 132, 0, 35), coordinateCount: 66)

  private static func header(_ name: [UInt8], coordinateCount: Int) -> [UInt8] {
    let algorithm = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 2, 1), name)
    let point = [4] + [UInt8](repeating: 0, count: 2 * coordinateCount)
    return Array(DER.sequence(algorithm, DER.bitString(point)).dropLast(2 * coordinateCount))
  }

  /// Spec: RFC 7518 §6.2.1.1.
  package var joseName: String {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    }
  }
}
