import CCrypto

/// Why a certificate chain was refused: the first rule it breaks, and at which certificate (0 is the leaf).
package enum ChainError: Error, Equatable, Sendable {
  /// No path to the anchor, or a path through a certificate that may not issue.
  case untrusted(certificate: Int)
  case badSignature(certificate: Int)
  case notYetValid(certificate: Int)
  case expired(certificate: Int)
  case revoked(certificate: Int)
  /// No list of this certificate's issuer that could be used.
  case revocationMissing(certificate: Int)
  case revocationExpired(certificate: Int)
  case revocationNotYetValid(certificate: Int)
  case revocationBadSignature(certificate: Int)
  case leafIsAuthority
  /// The path is complete but does not have the number of certificates the profile asks for.
  case wrongLength(Int)
  /// A key or a signature algorithm below the profile.
  case weakAlgorithm(certificate: Int)
  /// An extension or date that RFC 5280 does not permit, or an anchor that is no name and key.
  case malformed(certificate: Int)
  /// A failure of libcrypto, by its number.
  case other(Int)

  package var code: String {
    switch self {
    case .untrusted: "chainUntrusted"
    case .badSignature: "chainBadSignature"
    case .notYetValid: "certificateNotYetValid"
    case .expired: "certificateExpired"
    case .revoked: "certificateRevoked"
    case .revocationMissing: "revocationMissing"
    case .revocationExpired: "revocationExpired"
    case .revocationNotYetValid: "revocationNotYetValid"
    case .revocationBadSignature: "revocationBadSignature"
    case .leafIsAuthority: "leafIsAuthority"
    case .wrongLength: "chainWrongLength"
    case .weakAlgorithm: "weakAlgorithm"
    case .malformed: "chainMalformed"
    case .other: "chainOther"
    }
  }

  /// The certificate it is about: 0 is the leaf, 1 its issuer; `nil` when it is about the whole.
  package var certificate: Int? {
    switch self {
    case .untrusted(let index), .badSignature(let index), .notYetValid(let index), .expired(let index),
      .revoked(let index), .revocationMissing(let index), .revocationExpired(let index),
      .revocationNotYetValid(let index), .revocationBadSignature(let index), .weakAlgorithm(let index),
      .malformed(let index):
      index
    case .leafIsAuthority: 0
    case .wrongLength, .other: nil
    }
  }

  init?(_ result: borrowing cc_chain_result) {
    let index = Int(result.depth)
    switch result.error {
    case CC_CHAIN_OK: return nil
    case CC_CHAIN_UNTRUSTED: self = .untrusted(certificate: index)
    case CC_CHAIN_BAD_SIGNATURE: self = .badSignature(certificate: index)
    case CC_CHAIN_NOT_YET_VALID: self = .notYetValid(certificate: index)
    case CC_CHAIN_EXPIRED: self = .expired(certificate: index)
    case CC_CHAIN_REVOKED: self = .revoked(certificate: index)
    case CC_CHAIN_CRL_MISSING: self = .revocationMissing(certificate: index)
    case CC_CHAIN_CRL_EXPIRED: self = .revocationExpired(certificate: index)
    case CC_CHAIN_CRL_NOT_YET_VALID: self = .revocationNotYetValid(certificate: index)
    case CC_CHAIN_CRL_BAD_SIGNATURE: self = .revocationBadSignature(certificate: index)
    case CC_CHAIN_LEAF_IS_AUTHORITY: self = .leafIsAuthority
    case CC_CHAIN_WRONG_LENGTH: self = .wrongLength(index + 1)
    case CC_CHAIN_WEAK: self = .weakAlgorithm(certificate: index)
    case CC_CHAIN_MALFORMED: self = .malformed(certificate: index)
    default: self = .other(Int(result.library_error))
    }
  }
}
