import Cryptography

/// A certificate or a revocation list as what was signed and the signature over it. Spec: RFC 5280 §4.1, §5.1.
///
/// For authorities and lists on their own, which libcrypto's path validation takes only as parts of a leaf's path.
struct SignedDER {
  private let signed: [UInt8]
  private let signature: [UInt8]

  /// `nil` unless `der` is a sequence of something signed, an algorithm and whole octets of signature.
  init?(_ der: [UInt8]) {
    var outer = DERReader(der)
    guard let content = outer.element(0x30).map({ Array($0) }), outer.isAtEnd else { return nil }
    var inner = DERReader(content)
    guard let body = inner.element(0x30), inner.element(0x30) != nil, let bits = inner.element(0x03), inner.isAtEnd,
      bits.first == 0
    else { return nil }
    signed = Array(content[..<body.endIndex])
    signature = Array(bits.dropFirst())
  }

  /// Whether the key made the signature in the one way in which its vendor signs.
  func isSigned(by key: VerifyingKey, _ rule: ChainProfile.Signature) -> Bool {
    switch rule {
    case .ecdsa(let hash):
      key.kind == (hash == .sha384 ? .p384 : .p256) && key.isValidECDSA(der: signature, for: signed, hash: hash)
    case .rsaPSS(let hash, let salt, let bits):
      key.kind == .rsa(bits: bits) && key.isValidRSAPSS(signature, for: signed, hash: hash, saltLength: salt)
    case .any: false
    }
  }
}
