import CCrypto

/// Why a cryptographic operation did not give a result. Holds nothing of the input.
package enum CryptoError: Error, Equatable, Sendable {
  /// A tag does not match: altered, or another key, nonce or associated data.
  case authenticationFailed
  /// Not a key, or one outside the permitted kinds and sizes.
  case badKey
  case badSignature
  case badLength
  /// Not the encoding it should be.
  case malformed
  /// Well-formed, of a kind that is not served.
  case unsupported
  /// libcrypto failed: no memory, or an algorithm its configuration does not offer.
  case internalFailure

  package var code: String {
    switch self {
    case .authenticationFailed: "authenticationFailed"
    case .badKey: "badKey"
    case .badSignature: "badSignature"
    case .badLength: "badLength"
    case .malformed: "malformed"
    case .unsupported: "unsupported"
    case .internalFailure: "internalFailure"
    }
  }

  /// The error of a door's return code; a refusal is named by the caller, who knows what was checked.
  init?(_ status: Int32, refusal: CryptoError = .authenticationFailed) {
    switch status {
    case CC_OK: return nil
    case CC_REFUSED: self = refusal
    case CC_BAD_KEY: self = .badKey
    case CC_BAD_LENGTH: self = .badLength
    case CC_MALFORMED: self = .malformed
    case CC_UNSUPPORTED: self = .unsupported
    default: self = .internalFailure
    }
  }
}
