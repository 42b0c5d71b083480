package import Bytes

/// Why bytes did not become evidence. Nothing here says anything about who made them.
package enum EvidenceError: Error, Equatable, Sendable {
  /// Not in the form its technology prescribes.
  case malformed(ParseError)
  /// A report layout newer than the newest known one (or older than the oldest in the field).
  case unsupportedVersion(UInt32)
  /// A technology known by name only.
  case unsupportedTEE(TEE)
  /// Evidence that no hardware stands behind.
  case sampleTEE
  /// None of the known forms.
  case unrecognised
  /// A report whose signature is zero in one of its halves.
  case unsigned
  /// A quote of a form that is known and not read.
  case unsupportedQuote(UnsupportedQuote)

  /// Stable, without any part of the input.
  package var code: String {
    switch self {
    case .malformed: "malformed"
    case .unsupportedVersion: "unsupportedVersion"
    case .unsupportedTEE: "unsupportedTEE"
    case .sampleTEE: "sampleTEE"
    case .unrecognised: "unrecognisedEvidence"
    case .unsigned: "unsignedReport"
    case .unsupportedQuote: "unsupportedQuote"
    }
  }

  static func malformed(_ field: StaticString, _ reason: ParseError.Reason) -> EvidenceError {
    .malformed(ParseError(field, reason))
  }
}

/// Quotes that are recognised and not accepted.
package enum UnsupportedQuote: Equatable, Sendable {
  /// Of an SGX enclave.
  case enclave
  case version(UInt16)
  /// An attestation key other than ECDSA P-256.
  case keyType(UInt16)
  case bodyType(UInt16)
  /// Type 4: a partitioned TD or one with an extended service TD.
  case partitionedBody
  /// The platform's certificates would have to be fetched.
  case certificatesNotEmbedded(UInt16)
}
