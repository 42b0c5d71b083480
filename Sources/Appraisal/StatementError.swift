package import Bytes
package import SignedNotes

/// Why a statement about reference values was not taken. Holds nothing that a stranger wrote.
package enum StatementError: Error, Equatable, Sendable {
  case malformed(ParseError)
  case note(NoteError)
  /// The body is not the one whose digest was signed, or speaks of another scope than the statement.
  case bodyMismatch
  case bundle(ParseError)
  case rule(ParseError)
  case advisories(ParseError)
  case exception(ParseError)
  case exceptionTooLong
  case quorumTooFew(signed: Int)
  case newQuorumTooFew
  case badQuorum
  /// Nobody was made an approver when the broker was set up.
  case noApprovers
  /// Nobody may break the glass here.
  case noBreakGlass
  /// A break-glass that would be in force for more than four hours.
  case breakGlassTooLong
  /// A grace that would be in force for more than thirty days.
  case graceTooLong
  /// A grace that judges collateral as of a time to come.
  case graceAhead
  /// One key among the approvers and among those who may break the glass.
  case quorumsOverlap
  case expired
  /// A version that is not above the one in force: replayed or rolled back.
  case versionNotNew(current: UInt64)
  case versionSkipped(current: UInt64)
  case previousMismatch
  case unknownBundle
  case alreadyRevoked
  case notRevoked
  case tooMany

  /// Stable, free of peer input.
  package var code: String {
    switch self {
    case .malformed: "statementMalformed"
    case .note(let error): error.code
    case .bodyMismatch: "statementBodyMismatch"
    case .bundle: "bundleMalformed"
    case .rule: "ruleMalformed"
    case .advisories: "advisoriesMalformed"
    case .exception: "exceptionMalformed"
    case .exceptionTooLong: "exceptionTooLong"
    case .quorumTooFew: "quorumTooFew"
    case .newQuorumTooFew: "newQuorumTooFew"
    case .badQuorum: "quorumMalformed"
    case .noApprovers: "noApprovers"
    case .noBreakGlass: "noBreakGlass"
    case .breakGlassTooLong: "breakGlassTooLong"
    case .graceTooLong: "graceTooLong"
    case .graceAhead: "graceAhead"
    case .quorumsOverlap: "quorumsOverlap"
    case .expired: "statementExpired"
    case .versionNotNew: "versionNotNew"
    case .versionSkipped: "versionSkipped"
    case .previousMismatch: "previousMismatch"
    case .unknownBundle: "unknownBundle"
    case .alreadyRevoked: "alreadyRevoked"
    case .notRevoked: "notRevoked"
    case .tooMany: "tooManyValues"
    }
  }
}

extension StatementError: CustomStringConvertible {
  /// One sentence for the operator who submits.
  package var description: String {
    switch self {
    case .malformed(let error): "statement: \(error)"
    case .note(let error): "signed note: \(error.code)"
    case .bodyMismatch: "the body is not what was signed, or is about another scope"
    case .bundle(let error): "bundle: \(error)"
    case .rule(let error): "rule: \(error)"
    case .advisories(let error): "advisories: \(error)"
    case .exception(let error): "exception: \(error)"
    case .exceptionTooLong: "an exception lasts a year at most; sign it again when it ends"
    case .quorumTooFew(let signed): "\(signed) approver(s) signed, which is too few"
    case .newQuorumTooFew: "the new quorum did not sign as well"
    case .badQuorum: "the quorum names no approver, one key twice, or a threshold that cannot be met"
    case .noApprovers: "this broker has no approvers, so it takes no statement"
    case .noBreakGlass: "this broker was set up without a break-glass quorum"
    case .breakGlassTooLong: "a break-glass ends within four hours: its not-after is later than that"
    case .graceTooLong: "a grace for collateral ends within thirty days: its until is later than that"
    case .graceAhead: "a grace judges collateral as of a time that has passed: its asOf lies ahead"
    case .quorumsOverlap: "a key that approves may not break the glass as well"
    case .expired: "the statement's not-after has passed"
    case .versionNotNew(let current): "version \(current) is in force already"
    case .versionSkipped(let current): "version \(current) is in force; the next is \(current + 1)"
    case .previousMismatch: "prev is not the digest of the statement in force"
    case .unknownBundle: "the rule names a bundle that does not exist"
    case .alreadyRevoked: "it is revoked already"
    case .notRevoked: "it is not revoked"
    case .tooMany: "the store of reference values is full"
    }
  }
}
