package import Bytes
package import Evidence

/// Proves evidence, or says which check it failed. Pure: the same arguments give the same answer.
///
/// Everything that came with the evidence and everything in `endorsements` is a carrier; trust comes from `anchors`
/// alone. Claims say what the evidence states, not that it is acceptable: that is for appraisal.
package func verify(
  _ evidence: UnverifiedEvidence, with endorsements: Endorsements, binding: Binding, anchors: Anchors, at now: Timestamp
) -> Result<Claims, Refusal> {
  switch evidence {
  case .snp(let snp):
    var examination = SNPExamination(
      snp, endorsements, reportData: binding.reportData, hostData: binding.hostData, anchors: anchors, now: now)
    return examination.verdict()
  }
}

extension SNPExamination {
  /// Runs the checks up to the first that refuses.
  mutating func verdict() -> Result<Claims, Refusal> {
    do throws(Refusal) {
      for (name, check) in Self.checks {
        guard try check(&self) != .notReached else { throw Refusal(.chainInvalid, name.rawValue) }
      }
    } catch { return .failure(error) }
    guard let claims else { return .failure(Refusal(.chainInvalid, "claims")) }
    return .success(claims)
  }
}
