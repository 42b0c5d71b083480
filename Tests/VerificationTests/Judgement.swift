import Bytes
import Evidence
import SimulatedTEE

@testable import Verification

/// When the simulated Intel signed its collateral: a week before `now`.
let collateralDate = now.adding(.seconds(-7 * 86_400))

extension SimulatedTDX {
  /// A guest whose collateral holds at `now`.
  static func current() -> SimulatedTDX { SimulatedTDX(issuedAt: collateralDate) }
}

extension SimulatedCollateral {
  /// The files as a verifier sorts them, without some.
  func endorsements(without names: Set<String> = []) -> Endorsements {
    Endorsements(recognising: files.filter { !names.contains($0.name) }.map(\.bytes))
  }
}

/// What the evidence is refused with, by proof or else by the strict rule; `nil` when it is accepted.
func judgement(
  _ evidence: UnverifiedEvidence, with endorsements: Endorsements, reportData: [UInt8] = sessionData,
  anchors: Anchors = simulatedAnchors, at time: Timestamp = now, floors: EvaluationFloors = .none
) -> Refusal? {
  let result = verify(
    evidence, with: endorsements, binding: Binding(reportData: reportData), anchors: anchors, at: time, floors: floors)
  switch result {
  case .failure(let refusal): return refusal
  case .success(let claims): return strictRefusals(claims).first
  }
}

extension SimulatedTDX {
  /// As `judgement`, over this guest's evidence.
  func judged(
    with endorsements: Endorsements? = nil, reportData: [UInt8] = sessionData, anchors: Anchors = simulatedAnchors,
    at time: Timestamp = now, floors: EvaluationFloors = .none
  ) -> Refusal? {
    let evidence: UnverifiedEvidence
    do throws(EvidenceError) {
      evidence = try UnverifiedEvidence.parse(tee: .tdx, kbsJSON: kbsEvidence(reportData: reportData))
    } catch { return Refusal(error) }
    return judgement(
      evidence, with: endorsements ?? collateral.endorsements(), anchors: anchors, at: time, floors: floors)
  }
}
