package import Bytes
package import Evidence

/// Proves evidence, or says which check it failed. Pure: the same arguments give the same answer.
///
/// Everything that came with the evidence and everything in `endorsements` is a carrier; trust comes from `anchors`
/// alone. Claims say what the evidence states, not that it is acceptable: that is for appraisal.
///
/// - Parameters:
///   - devices: the GPUs that came along. The platform's report data must cover them, which `binding` says.
///   - floors: the oldest evaluation of a vendor's TCB that still counts.
///   - graces: whose collateral may have run out, and as of when it is judged then; the claims say so.
package func verify(
  _ evidence: UnverifiedEvidence, devices: NVIDIAEvidence? = nil, with endorsements: Endorsements, binding: Binding,
  anchors: Anchors, at now: Timestamp, floors: EvaluationFloors = .none, graces: [CollateralGrace] = []
) -> Result<Claims, Refusal> {
  let platform = withGraces(graces, for: evidence.tee, at: now) { time in
    verifyPlatform(evidence, endorsements, binding, anchors, time, floors)
  }
  guard case .success(let claims) = platform, let devices else { return platform }
  guard let nonce = binding.deviceNonce else {
    return .failure(Refusal(.deviceEvidenceAlone, "deviceNonce", got: "none", wanted: "one of this session"))
  }
  var examination = NVIDIAExamination(devices, endorsements, nonce: nonce, anchors: anchors, now: now)
  examination.isRecording = true
  return examination.verdict().map { claims.covering($0, basis: examination.basis) }
}

/// Proves the evidence of devices by itself, which authorises nothing: `Claims` come of a processor's evidence alone.
///
/// - Parameter nonce: 32 bytes that every report must answer.
package func verifyDevices(
  _ evidence: NVIDIAEvidence, with endorsements: Endorsements, nonce: [UInt8], anchors: Anchors, at now: Timestamp
) -> Result<NVIDIAClaims, Refusal> {
  var examination = NVIDIAExamination(evidence, endorsements, nonce: nonce, anchors: anchors, now: now)
  examination.isRecording = true
  return examination.verdict()
}

private func verifyPlatform(
  _ evidence: UnverifiedEvidence, _ endorsements: Endorsements, _ binding: Binding, _ anchors: Anchors,
  _ now: Timestamp, _ floors: EvaluationFloors
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
  case .nvidia:
    // No guest is named in it: whoever owns such a device anywhere could send it.
    return .failure(
      Refusal(.deviceEvidenceAlone, "tee", got: "nvidia", wanted: "a processor's evidence that covers it"))
  }
}
