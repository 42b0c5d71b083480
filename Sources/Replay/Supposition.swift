package import Appraisal
package import Bytes
package import Verification

/// How one logged decision would have come out under other reference values or with other collateral.
package struct Supposition: Sendable {
  package enum Outcome: Sendable {
    /// Of a refusal it says why.
    case judged(Explanation)
    /// The evidence is not proved with that collateral.
    case unproved(Refusal)
  }

  /// As it was logged, or as it comes out with the collateral to compare with.
  package let wasAllowed: Bool
  package let outcome: Outcome
  /// When the evidence is supposed to have been verified.
  package let at: Timestamp

  package var isAllowed: Bool {
    if case .judged(let explanation) = outcome { explanation.outcome == .allow } else { false }
  }

  /// Nothing can be told: the collateral lacks something, or its dates do not meet. Another set may say otherwise.
  package var unknown: Refusal? {
    guard case .unproved(let refusal) = outcome, [.missing, .stale].contains(refusal.code.kind) else { return nil }
    return refusal
  }

  package var changes: Bool { unknown == nil && wasAllowed != isAllowed }

  /// With other reference values.
  ///
  /// - Parameter change: makes the values to suppose from those that the decision was made with.
  /// - Returns: `nil` for an entry that is no decision, or one that could not be made again.
  package init?(
    _ examination: Examination, _ change: (ReferenceValues) throws(ParseError) -> ReferenceValues
  ) throws(ParseError) {
    guard let logged = LoggedDecision(examination) else { return nil }
    wasAllowed = logged.decision.allows
    at = logged.inputs.record.verifiedAt
    outcome = logged.judged(logged.claims, try change(logged.values), at: at)
  }

  /// With other collateral, whose parts take the place of those that the decision was made with.
  ///
  /// - Parameters:
  ///   - baseline: the collateral to compare with; `nil` for what was recorded.
  ///   - time: when the evidence is verified; `nil` for when it was, or for when the last part of the collateral comes into
  ///     force if that is later. Bundles are judged as of the decision.
  /// - Returns: `nil` for an entry that is no decision, one that could not be made again, or one that `baseline` says
  ///   nothing about.
  package init?(
    _ examination: Examination, with supposed: Endorsements, insteadOf baseline: Endorsements?, at time: Timestamp?
  ) {
    guard let logged = LoggedDecision(examination) else { return nil }
    let now = time ?? max(logged.inputs.record.verifiedAt, supposed.lastBeginning ?? 0)
    if let baseline {
      let before = Supposition(examination, with: baseline, insteadOf: nil, at: time)
      guard let before, before.unknown == nil else { return nil }
      wasAllowed = before.isAllowed
    } else {
      wasAllowed = logged.decision.allows
    }
    at = now
    outcome =
      switch logged.inputs.verified(with: logged.inputs.endorsements.replacing(with: supposed), at: now) {
      case .failure(let refusal): .unproved(refusal)
      case .success(let claims): logged.judged(claims, logged.values, at: logged.inputs.record.verifiedAt)
      }
  }
}

/// A decision that came out the same again, with what it was made from.
private struct LoggedDecision {
  let leaf: LogLeaf
  let decision: DecisionLeaf
  let inputs: RecordedInputs
  let claims: Claims
  let values: ReferenceValues

  init?(_ examination: Examination) {
    guard case .same = examination.outcome, let decision = examination.leaf.decision, let made = examination.replayed,
      case .success(let claims) = made.claims
    else { return nil }
    (leaf, self.decision, inputs, self.claims, values) = (
      examination.leaf, decision, made.inputs, claims, made.values
    )
  }

  func judged(_ claims: Claims, _ values: ReferenceValues, at time: Timestamp) -> Supposition.Outcome {
    let result = appraise(claims, pseudonym: Replayer.pseudonym(leaf), against: values, at: time)
    guard let release = decision.release else { return .judged(Explanation(of: result)) }
    let decided = decide(
      release.resource, version: release.version, for: result, boundTo: Set(release.bound), values: values,
      at: leaf.time)
    return .judged(Explanation(of: decided, on: release.resource, for: result, at: leaf.time))
  }
}
