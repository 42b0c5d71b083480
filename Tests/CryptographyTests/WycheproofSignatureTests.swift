import Bytes
import Cryptography
import TestSupport
import Testing

/// | file | asserted | not served |
/// |---|---|---|
/// | ecdsa_secp*_sha* | DER signatures under the SPKI of the group | – |
/// | ecdsa_secp*_p1363 | `r ‖ s` signatures | – |
/// | ed25519 | signatures under the raw key and under the SPKI | – |
/// | rsa_pss_* | PSS with MGF1 over the same hash and the group's salt length | other hashes, MGF1 over another hash (misc) |
/// | rsa_signature_* | PKCS #1 v1.5; `acceptable` (the NULL left out) is refused | keys with exponent 3 |
@Suite(.enabled(if: Wycheproof.isPresent)) struct WycheproofSignatureTests {
  @Test(arguments: [
    ("ecdsa_secp256r1_sha256", Hash.sha256, false, Tally(174, 310)),
    ("ecdsa_secp384r1_sha384", Hash.sha384, false, Tally(194, 310)),
    ("ecdsa_secp521r1_sha512", Hash.sha512, false, Tally(232, 310)),
    ("ecdsa_secp256r1_sha256_p1363", Hash.sha256, true, Tally(173, 89)),
    ("ecdsa_secp384r1_sha384_p1363", Hash.sha384, true, Tally(193, 87)),
  ])
  func ecdsa(file: String, hash: Hash, isRaw: Bool, expected: Tally) throws {
    var keys = KeyCache()
    try Wycheproof.check(file, expected) { vector in
      let key = try keys.key(try vector.hex("publicKeyDer"))
      let (message, signature) = (try vector.hex("msg"), try vector.hex("sig"))
      let isValid =
        isRaw
        ? key.isValidECDSA(raw: signature, for: message, hash: hash)
        : key.isValidECDSA(der: signature, for: message, hash: hash)
      return isValid ? .accepted : .refused
    }
  }

  @Test func ed25519() throws {
    try Wycheproof.check("ed25519", Tally(88, 63)) { vector in
      let spki = try vector.hex("publicKeyDer")
      let (message, signature) = (try vector.hex("msg"), try vector.hex("sig"))
      let isValid = try Ed25519PublicKey(raw: Array(spki.suffix(32))).isValid(signature, for: message)
      #expect(try VerifyingKey(subjectPublicKeyInfo: spki).isValidEd25519(signature, for: message) == isValid)
      return isValid ? .accepted : .refused
    }
  }

  @Test(arguments: [
    ("rsa_pss_2048_sha256_mgf1_0", Tally(61, 42)),
    ("rsa_pss_2048_sha256_mgf1_32", Tally(63, 45)),
    ("rsa_pss_3072_sha256_mgf1_32", Tally(63, 45)),
    ("rsa_pss_4096_sha256_mgf1_32", Tally(63, 45)),
    ("rsa_pss_4096_sha384_mgf1_48", Tally(95, 46)),
    ("rsa_pss_4096_sha512_mgf1_32", Tally(132, 45)),
    ("rsa_pss_4096_sha512_mgf1_64", Tally(132, 47)),
    ("rsa_pss_misc", Tally(18, 0, 132)),
  ])
  func rsaPSS(file: String, expected: Tally) throws {
    var keys = KeyCache()
    try Wycheproof.check(file, expected) { vector in
      guard let hash = Hash(vector.group["sha"]), vector.group["sha"] == vector.group["mgfSha"] else {
        return .notServed
      }
      guard let key = try? keys.key(try vector.hex("publicKeyDer")) else { return .notServed }
      let isValid = key.isValidRSAPSS(
        try vector.hex("sig"), for: try vector.hex("msg"), hash: hash, saltLength: try vector.number("sLen"))
      return isValid ? .accepted : .refused
    }
  }

  @Test(arguments: [
    ("rsa_signature_2048_sha256", Tally(7, 250, 2)),
    ("rsa_signature_3072_sha256", Tally(7, 251, 1)),
    ("rsa_signature_3072_sha384", Tally(7, 252)),
    ("rsa_signature_3072_sha512", Tally(7, 252, 1)),
    ("rsa_signature_4096_sha256", Tally(7, 251)),
    ("rsa_signature_4096_sha384", Tally(7, 252)),
    ("rsa_signature_4096_sha512", Tally(7, 252)),
  ])
  func rsaPKCS1(file: String, expected: Tally) throws {
    var keys = KeyCache()
    try Wycheproof.check(file, expected) { vector in
      guard let hash = Hash(vector.group["sha"]) else { return .notServed }
      guard let key = try? keys.key(try vector.hex("publicKeyDer")) else { return .notServed }
      return key.isValidRSAPKCS1(try vector.hex("sig"), for: try vector.hex("msg"), hash: hash)
        ? .accepted : .refused
    }
  }
}

/// Each group's key once.
private struct KeyCache {
  private var keys: [[UInt8]: VerifyingKey] = [:]

  mutating func key(_ der: [UInt8]) throws -> VerifyingKey {
    if let known = keys[der] { return known }
    let key = try VerifyingKey(subjectPublicKeyInfo: der)
    keys[der] = key
    return key
  }
}

extension Hash {
  init?(_ name: JSONValue?) {
    switch name?.stringValue {
    case "SHA-256": self = .sha256
    case "SHA-384": self = .sha384
    case "SHA-512": self = .sha512
    default: return nil
    }
  }
}
