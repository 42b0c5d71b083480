import Bytes
import Cryptography
import Evidence
import SimulatedTEE

@testable import Verification

/// Simulated devices with all that is needed to judge them, and a word for what came of it.
struct SimulatedDevices {
  static let now = Timestamp(seconds: 1_790_000_000)
  static let issued = now.adding(.seconds(-3600))
  static let nonce = [UInt8](0..<32)
  static let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()
  /// One GPU, whose manifests and answers are signed once.
  static let gpu = SimulatedGPUSet(count: 1, issuedAt: issued)
  static let gpuCollateral = Endorsements(recognising: gpu.files.map(\.bytes))

  var set = gpu
  var endorsements = gpuCollateral
  var architecture: String?
  var time = now

  /// `verified`, the code of a refusal, or that of the first thing that only signed policy lets pass.
  var outcome: String {
    let list = set.devices.map { $0.kbsItem(nonce: Self.nonce, architecture: architecture) }
    let evidence: NVIDIAEvidence
    do throws(EvidenceError) {
      evidence = try NVIDIAEvidence(kbsJSON: .object([("device_evidence_list", .array(list))]))
    } catch { return error.code }
    switch verdict(evidence) {
    case .success(let claims): return claims.findings.first?.refusal.code.rawValue ?? "verified"
    case .failure(let refusal): return refusal.code.rawValue
    }
  }

  func verdict(_ evidence: NVIDIAEvidence) -> Result<NVIDIAClaims, Refusal> {
    var examination = NVIDIAExamination(
      evidence, endorsements, nonce: Self.nonce, anchors: Self.anchors, now: time)
    examination.isRecording = true
    return examination.verdict()
  }

  /// With one GPU changed.
  static func outcome(_ change: (inout SimulatedGPU) -> Void) -> String {
    var devices = SimulatedDevices()
    change(&devices.set.devices[0])
    return devices.outcome
  }

  /// With what NVIDIA signed changed, and signed again.
  static func outcome(ofSet change: (inout SimulatedGPUSet) -> Void) -> String {
    var devices = SimulatedDevices()
    change(&devices.set)
    devices.endorsements = Endorsements(recognising: devices.set.files.map(\.bytes))
    return devices.outcome
  }
}
