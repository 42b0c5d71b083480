import Bytes
import Evidence
import Verification

extension GPUReference {
  /// Every requirement that the GPUs do not meet; empty means that all are met.
  ///
  /// - Parameter facts: `nil` when the platform showed no GPU.
  func mismatches(_ facts: DeviceFacts?) -> [Mismatch] {
    let found = facts?.gpus.count ?? 0
    guard let facts, found == count else {
      return [Mismatch(.gpuCount, "gpus.count", got: "\(found)", wanted: "\(count)")]
    }
    let own = facts.gpus.enumerated().flatMap { index, gpu in mismatches(gpu, "gpu[\(index)]") }
    return own + topologyMismatches(facts)
  }

  private func mismatches(_ gpu: DeviceFacts.GPU, _ place: String) -> [Mismatch] {
    var found: [Mismatch] = []
    func require(_ isMet: Bool, _ code: Mismatch.Code, _ field: String, got: String, wanted: String) {
      if !isMet { found.append(Mismatch(code, "\(place).\(field)", got: got, wanted: wanted)) }
    }
    require(
      models.contains(gpu.chip), .gpuModelNotAllowed, "model", got: gpu.chip, wanted: Mismatch.oneOf(models))
    if let boards {
      let isAllowed = gpu.board.map { boards.contains($0) } ?? false
      require(isAllowed, .gpuBoardNotAllowed, "board", got: gpu.board ?? "none", wanted: Mismatch.oneOf(boards))
    }
    require(
      modes.contains(gpu.mode), .gpuModeNotAllowed, "mode", got: gpu.mode.rawValue,
      wanted: Mismatch.oneOf(modes.map(\.rawValue)))
    if let minimumDriver {
      let isNew = DottedVersion(gpu.driver, radix: 10)?.isAtLeast(minimumDriver) ?? false
      require(isNew, .gpuDriverTooOld, "driver", got: gpu.driver, wanted: "at least \(minimumDriver.text)")
    }
    if let minimumVBIOS {
      let isNew = DottedVersion(gpu.vbios, radix: 16)?.isAtLeast(minimumVBIOS) ?? false
      require(isNew, .gpuVBIOSTooOld, "vbios", got: gpu.vbios, wanted: "at least \(minimumVBIOS.text)")
    }
    if let devices {
      let wanted = Mismatch.oneOf(devices.map { Hex.encode($0) })
      require(
        devices.contains(gpu.keyDigest), .gpuNotAllowed, "device", got: Hex.encode(gpu.keyDigest), wanted: wanted)
    }
    return found
  }

  /// GPUs that talk over switches are as good as these are.
  private func topologyMismatches(_ facts: DeviceFacts) -> [Mismatch] {
    let usesSwitches = facts.gpus.contains { $0.mode == .protectedPCIe }
    guard usesSwitches, !facts.isTopologyProved, !acceptingUnprovenTopology else { return [] }
    let got = facts.switchCount == 0 ? "no switch was attested" : "not proved"
    return [Mismatch(.gpuTopologyUnproven, "gpus.topology", got: got, wanted: "the switches that the GPUs see")]
  }
}

extension ReferenceValues {
  /// The GPUs of a platform against one bundle.
  func deviceMismatches(_ facts: DeviceFacts?, _ bundle: ReferenceBundle, at now: Timestamp) -> [Mismatch] {
    guard let reference = bundle.gpus else {
      guard let facts else { return [] }
      return [
        Mismatch(.gpuNotInBundle, "gpus", got: "\(facts.gpus.count) GPUs", wanted: "a bundle that names GPUs")
      ]
    }
    return reference.mismatches(facts) + (facts.map { findingMismatches($0, reference, at: now) } ?? [])
  }

  /// The strict rule over devices, but for what the bundle widens by name, or a statement for one manifest until a day.
  private func findingMismatches(
    _ facts: DeviceFacts, _ reference: GPUReference, at now: Timestamp
  ) -> [Mismatch] {
    facts.findings.compactMap { finding in
      if case .firmwareIDMissing = finding.cause, reference.acceptingMissingFirmwareID { return nil }
      if exceptions.values.contains(where: { $0.exception.covers(finding.cause, at: now) }) { return nil }
      let code = Mismatch.Code(rawValue: finding.refusal.code.rawValue) ?? .strictRule
      return Mismatch(
        code, finding.refusal.field ?? "", got: finding.refusal.got ?? "", wanted: finding.refusal.wanted ?? "")
    }
  }
}
