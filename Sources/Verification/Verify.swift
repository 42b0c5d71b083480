package import Bytes
package import Evidence

/// Proves evidence, or says which check it failed. Pure: the same arguments give the same answer.
///
/// Everything that came with the evidence and everything in `endorsements` is a carrier; trust comes from `anchors`
/// alone. Claims say what the evidence states, not that it is acceptable: that is for appraisal.
///
/// - Parameter floors: the oldest evaluation of a vendor's TCB that still counts.
package func verify(
  _ evidence: UnverifiedEvidence, with endorsements: Endorsements, binding: Binding, anchors: Anchors,
  at now: Timestamp, floors: EvaluationFloors = .none
) -> Result<Claims, Refusal> {
  switch evidence {
  case .snp(let snp):
    var examination = SNPExamination(
      snp, endorsements, reportData: binding.reportData, hostData: binding.hostData, anchors: anchors, now: now,
      floors: floors)
    return examination.verdict()
  case .tdx(let tdx):
    var examination = TDXExamination(
      tdx, endorsements, reportData: binding.reportData, initData: binding.hostData, anchors: anchors, now: now,
      floors: floors)
    return examination.verdict()
  }
}
