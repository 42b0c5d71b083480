package import Appraisal
package import Bytes

/// How one logged decision would have come out under other reference values.
package struct Supposition: Sendable {
  package let wasAllowed: Bool
  /// Of a refusal it says why.
  package let explanation: Explanation

  package var isAllowed: Bool { explanation.outcome == .allow }
  package var changes: Bool { wasAllowed != isAllowed }

  /// - Parameter change: makes the values to suppose from those that the decision was made with.
  /// - Returns: `nil` for an entry that is no decision, or one that could not be made again.
  package init?(
    _ examination: Examination, _ change: (ReferenceValues) throws(ParseError) -> ReferenceValues
  ) throws(ParseError) {
    guard case .same = examination.outcome, let decision = examination.leaf.decision, let made = examination.replayed,
      case .success(let claims) = made.claims, let result = made.result
    else { return nil }
    wasAllowed = decision.allows
    let values = try change(made.values)
    guard let release = decision.release else {
      let pseudonym = Replayer.pseudonym(examination.leaf)
      explanation = Explanation(
        of: appraise(claims, pseudonym: pseudonym, against: values, at: made.inputs.record.verifiedAt))
      return
    }
    let time = examination.leaf.time
    let decided = decide(
      release.resource, version: release.version, for: result, boundTo: Set(release.bound), values: values, at: time)
    explanation = Explanation(of: decided, on: release.resource, for: result, at: time)
  }
}
