import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// A session's report data.
let sessionData = [UInt8](0..<48) + [UInt8](repeating: 0, count: 16)
/// Inside every simulated certificate's dates.
let now = Timestamp(seconds: 1_795_000_000)

let simulatedAnchors: Anchors = {
  let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
  return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
}()

extension SimulatedSNP {
  /// What the broker would say: the evidence under the simulated anchors, bound to `sessionData`.
  func verified(
    reportData: [UInt8] = sessionData, binding: Binding = Binding(reportData: sessionData),
    certificates: [CarriedCertificate]? = nil, with endorsements: Endorsements = .none,
    anchors: Anchors = simulatedAnchors, at time: Timestamp = now
  ) throws -> Result<Claims, Refusal> {
    let evidence = try evidence(reportData: reportData, certificates: certificates)
    return verify(.snp(evidence), with: endorsements, binding: binding, anchors: anchors, at: time)
  }

  /// The code of the refusal; `nil` when accepted.
  func refusalCode(
    certificates: [CarriedCertificate]? = nil, with endorsements: Endorsements = .none,
    anchors: Anchors = simulatedAnchors, at time: Timestamp = now
  ) throws -> Refusal.Code? {
    try verified(certificates: certificates, with: endorsements, anchors: anchors, at: time).refusal?.code
  }

  /// The codes of the strict rule over proved claims.
  func strictCodes() throws -> [Refusal.Code] { strictRefusals(try verified().get()).map(\.code) }
}

extension Result where Failure == Refusal {
  var refusal: Refusal? { if case .failure(let refusal) = self { refusal } else { nil } }
}

/// A copy with one thing changed.
func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
  var copy = value
  change(&copy)
  return copy
}
