package import Bytes

/// Why a signed note, a verifier key or a quorum policy was refused.
package enum NoteError: Error, Equatable, Sendable {
  case malformed(ParseError)
  /// The text of a verifier key names an ID that its own name and key do not give.
  case keyIDMismatch
  /// A signature type other than 0x01 and 0x04, or one that has no place here.
  case unsupportedKeyType
  case badPublicKey
  /// A key that we know signed this note wrongly: the whole note is refused.
  case badSignature
  /// No signature of any known key.
  case noKnownSignature

  /// Stable, free of peer input.
  package var code: String {
    switch self {
    case .malformed: "noteMalformed"
    case .keyIDMismatch: "keyIDMismatch"
    case .unsupportedKeyType: "unsupportedKeyType"
    case .badPublicKey: "badPublicKey"
    case .badSignature: "noteSignatureInvalid"
    case .noKnownSignature: "noteSignerUnknown"
    }
  }
}
