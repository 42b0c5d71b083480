import Bytes
package import Evidence

/// Why evidence was refused: the check that failed and, for people, what was found and what would have passed.
package struct Refusal: Error, Equatable, Sendable {
  /// Stable names, fit for logs, metrics and peers.
  package enum Code: String, Sendable, Hashable, CaseIterable {
    // Not evidence.
    case malformed, unsupportedVersion, unsupportedTEE, unsupportedQuote, unrecognisedEvidence, sampleTEE
    case certificatesNotEmbedded
    // Not bound to this session.
    case reportDataMismatch, hostDataMismatch
    // Not endorsed.
    case collateralMissing, certificateMalformed, extensionInvalid, chainUntrusted, chainSignatureInvalid, chainInvalid
    case certificateExpired, certificateNotYetValid
    case certificateRevoked, revocationListInvalid, revocationListExpired, revocationListNotYetValid
    case collateralMalformed, collateralMismatch, collateralSignatureInvalid, collateralExpired, collateralNotYetValid
    case evaluationTooOld, collateralRolledBack, revocationListRolledBack
    case certificateOnHold, certificateUnknown
    case revocationAnswerInvalid, revocationAnswerExpired, revocationAnswerNotYetValid
    // Not what the endorsement speaks of.
    case unsignedReport, signingKeyUnusable, signingKeyMismatch, productUnsupported, productMismatch
    case chipIDMasked, chipIDMismatch, tcbMismatch, tcbOrder, signatureInvalid
    case quotingEnclaveUnknown, enclaveSignatureInvalid, attestationKeyMismatch, enclaveMismatch, moduleMismatch
    case eventLogMismatch
    case architectureMismatch, deviceRepeated, firmwareIDMismatch, deviceEvidenceAlone
    // Genuine, and not acceptable.
    case requestedByHost, debugEnabled, migrationAllowed, policyReservedBit, policyUnknownBits, abiVersionUnmet
    case vmplNotZero, platformUnknownBits
    case tcbNotUpToDate, performanceMonitored, partitioningAware, septVEEnabled, attributesUnknownBits, serviceTDBound
    case featuresMissing
    case firmwareIDMissing, measurementMismatch, measurementMissing, measurementConflict
    case architectureUnsupported, decoderStateUnknown, modesMixed, topologyMismatch
  }

  /// What a refusal asks of the person who reads it.
  package enum Kind: Sendable, Hashable {
    case malformed, invalid, missing, stale, unacceptable
  }

  package let code: Code
  package let field: String?
  package let got: String?
  package let wanted: String?
  /// The evidence is proved, and refused for what it proves.
  package let genuine: Bool

  package init(
    _ code: Code, _ field: String? = nil, got: String? = nil, wanted: String? = nil, genuine: Bool = false
  ) {
    self.code = code
    self.field = field
    self.got = got
    self.wanted = wanted
    self.genuine = genuine
  }

  /// The refusal that parsing errors amount to.
  package init(_ error: EvidenceError) {
    switch error {
    case .malformed(let problem): self.init(.malformed, problem.field, got: problem.reason.rawValue)
    case .unsupportedVersion(let version):
      self.init(.unsupportedVersion, "report.version", got: String(version), wanted: "2 to 5")
    case .unsupportedTEE(let tee): self.init(.unsupportedTEE, "tee", got: tee.rawValue)
    case .sampleTEE: self.init(.sampleTEE, "tee")
    case .unrecognised: self.init(.unrecognisedEvidence)
    case .unsigned: self.init(.unsignedReport, "report.signature")
    case .unsupportedQuote(let quote): self.init(quote)
    }
  }

  private init(_ quote: UnsupportedQuote) {
    switch quote {
    case .enclave:
      self.init(.unsupportedTEE, "quote.teeType", got: "an SGX enclave's quote", wanted: "a trust domain's")
    case .version(let version):
      self.init(.unsupportedVersion, "quote.version", got: String(version), wanted: "4 or 5")
    case .keyType(let type): self.init(.unsupportedQuote, "quote.keyType", got: String(type), wanted: "2")
    case .bodyType(let type): self.init(.unsupportedQuote, "quote.bodyType", got: String(type), wanted: "2 or 3")
    case .partitionedBody:
      self.init(.unsupportedQuote, "quote.bodyType", got: "4, a partitioned TD", wanted: "2 or 3")
    case .certificatesNotEmbedded(let type):
      self.init(
        .certificatesNotEmbedded, "quote.certificationData", got: "type \(type)", wanted: "type 5, certificates in PEM")
    }
  }
}

extension Refusal.Code {
  package var kind: Refusal.Kind {
    switch self {
    case .malformed, .unsupportedVersion, .unsupportedTEE, .unsupportedQuote, .unrecognisedEvidence: .malformed
    case .collateralMissing, .certificatesNotEmbedded: .missing
    case .certificateExpired, .revocationListExpired, .collateralExpired, .evaluationTooOld,
      .collateralRolledBack, .revocationListRolledBack, .revocationAnswerExpired:
      .stale
    case .requestedByHost, .debugEnabled, .migrationAllowed, .policyReservedBit, .policyUnknownBits, .abiVersionUnmet,
      .vmplNotZero, .platformUnknownBits, .tcbNotUpToDate, .performanceMonitored, .partitioningAware, .septVEEnabled,
      .attributesUnknownBits, .serviceTDBound, .featuresMissing, .firmwareIDMissing, .measurementMismatch,
      .measurementMissing, .measurementConflict, .architectureUnsupported, .decoderStateUnknown, .modesMixed,
      .topologyMismatch:
      .unacceptable
    default: .invalid
    }
  }
}

extension Refusal: CustomStringConvertible {
  package var description: String {
    let place = field.map { " (\($0))" } ?? ""
    let found = got.map { ": got \($0)" } ?? ""
    let hoped = wanted.map { "\(got == nil ? ":" : ",") wanted \($0)" } ?? ""
    return "\(code.rawValue)\(place)\(found)\(hoped)"
  }
}
