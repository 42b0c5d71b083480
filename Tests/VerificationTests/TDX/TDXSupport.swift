import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// When the simulated Intel signed its collateral.
let issued = now.adding(.seconds(-3600))

extension SimulatedTDX {
  /// A guest that nothing speaks against.
  static var sample: SimulatedTDX { SimulatedTDX(issuedAt: issued) }

  /// What a folder of collateral holds, after `change` on its files.
  func endorsements(_ change: (inout [(name: String, bytes: [UInt8])]) -> Void = { _ in }) -> Endorsements {
    var files = collateral.files
    change(&files)
    return Endorsements(recognising: files.map(\.bytes))
  }

  func evidence(reportData: [UInt8] = sessionData) throws -> UnverifiedEvidence {
    .tdx(try TDXEvidence(kbsJSON: kbsEvidence(reportData: reportData)))
  }

  /// What the broker would say: the quote under the simulated anchors, bound to `sessionData`.
  func verified(
    with endorsements: Endorsements? = nil, binding: Binding = Binding(reportData: sessionData),
    anchors: Anchors = simulatedAnchors, at time: Timestamp = now, floors: EvaluationFloors = .none
  ) throws -> Result<Claims, Refusal> {
    verify(
      try evidence(), with: endorsements ?? self.endorsements(), binding: binding, anchors: anchors, at: time,
      floors: floors)
  }

  func tdxClaims() throws -> TDXClaims { try #require(try verified().get().tdx) }

  /// The code of the refusal; `nil` when accepted.
  func refusalCode(
    with endorsements: Endorsements? = nil, anchors: Anchors = simulatedAnchors, at time: Timestamp = now
  ) throws -> Refusal.Code? {
    try verified(with: endorsements, anchors: anchors, at: time).refusal?.code
  }

  /// Code and field of the refusal.
  func refusal(with endorsements: Endorsements? = nil, at time: Timestamp = now) throws -> String? {
    try verified(with: endorsements, at: time).refusal.map { "\($0.code.rawValue) \($0.field ?? "")" }
  }

  /// The codes of the strict rule over proved claims.
  func strictCodes() throws -> [Refusal.Code] { strictRefusals(try verified().get()).map(\.code) }

  func inspection(
    with endorsements: Endorsements? = nil, reportData: [UInt8]? = sessionData, at time: Timestamp = now,
    skipping: Set<CheckName> = []
  ) throws -> Inspection {
    inspect(
      try evidence(), with: endorsements ?? self.endorsements(), reportData: reportData, anchors: simulatedAnchors,
      at: time, skipping: skipping)
  }
}

/// A copy of the sample guest with one thing changed.
func guest(_ change: (inout SimulatedTDX) -> Void) -> SimulatedTDX { with(.sample, change) }
