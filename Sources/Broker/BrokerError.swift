package import Bytes

/// Why the broker did not do what was asked, other than by a decision. Transport status: `BrokerError+HTTP.swift`.
package enum BrokerError: Error, Equatable, Sendable {
  // the handshake
  case credentialMissing, credentialInvalid, credentialExpired, nonceSpent, nonceMismatch, sessionTEEMismatch
  case versionMismatch, teeUnsupported
  // the request
  case malformed(ParseError), unknownRoute, methodNotAllowed, resourceUnknown, resourcePathInvalid
  case rateLimited, queueFull
  // the state
  case leafTooLarge, logUnavailable, storeDamaged, shuttingDown
  // administration
  case notAuthorised, roleMissing, statementRefused(String), bundleUnknown, resourceBound, keyTooLarge, decisionUnknown
  case policyLanguageUnsupported, unsignedReferenceValue

  /// Something that the peer did, not something that happened to us.
  var isRefusal: Bool {
    switch self {
    case .leafTooLarge, .logUnavailable, .storeDamaged, .shuttingDown: false
    default: true
    }
  }

  package var code: String {
    switch self {
    case .credentialMissing: "credentialMissing"
    case .credentialInvalid: "credentialInvalid"
    case .credentialExpired: "credentialExpired"
    case .nonceSpent: "nonceSpent"
    case .nonceMismatch: "nonceMismatch"
    case .sessionTEEMismatch: "sessionTEEMismatch"
    case .versionMismatch: "unsupportedVersion"
    case .teeUnsupported: "unsupportedTEE"
    case .malformed: "malformed"
    case .unknownRoute: "unknownRoute"
    case .methodNotAllowed: "methodNotAllowed"
    case .resourceUnknown: "resourceUnknown"
    case .resourcePathInvalid: "resourcePathInvalid"
    case .rateLimited: "rateLimited"
    case .queueFull: "queueFull"
    case .leafTooLarge: "leafTooLarge"
    case .logUnavailable: "logUnavailable"
    case .storeDamaged: "storeDamaged"
    case .shuttingDown: "shuttingDown"
    case .notAuthorised: "notAuthorised"
    case .roleMissing: "roleMissing"
    case .statementRefused(let code): code
    case .bundleUnknown: "bundleUnknown"
    case .resourceBound: "resourceBound"
    case .keyTooLarge: "keyTooLarge"
    case .decisionUnknown: "decisionUnknown"
    case .policyLanguageUnsupported: "policyLanguageUnsupported"
    case .unsignedReferenceValue: "unsignedReferenceValue"
    }
  }
}
