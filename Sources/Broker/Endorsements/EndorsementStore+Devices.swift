import Bytes
import Collateral
import Evidence
import Telemetry
import Verification

/// What there is for the GPUs of one guest.
struct DeviceSupply: Sendable {
  let endorsements: Endorsements
  let group: EvidenceGroup
}

extension EndorsementStore {
  /// The manifests, answers and lists for these devices, with all that is proved already: the manifests once for all
  /// devices of their kind, a device's certificates once for all its reports.
  func deviceSupply(for devices: NVIDIAEvidence, at now: Timestamp) async -> DeviceSupply {
    let evidence = UnverifiedEvidence.nvidia(devices)
    let group = group(of: evidence, EvidenceGroup.digest(of: evidence))
    let lacking = state.withLock { state in group.keys.filter { state.stock.current($0, at: now) == nil } }
    count("collateral", isHit: lacking.isEmpty)
    if !lacking.isEmpty, parts.fetch != nil { await obtain(lacking, at: now) }
    var endorsements = proved(group, at: now)
    for device in devices.devices { endorsements = adding(device, to: endorsements, at: now) }
    return DeviceSupply(endorsements: endorsements, group: group)
  }

  /// A device that was proved before with the lists and answers that are at hand now; else proved here.
  private func adding(_ device: DeviceEvidence, to endorsements: Endorsements, at now: Timestamp) -> Endorsements {
    let digest = ProvedDevice.digest(of: device)
    let (known, generation) = state.withLock { ($0.devices.use(digest), $0.stock.generation) }
    let isKnown = known.map { $0.generation == generation && $0.device.isCurrent(at: now) } ?? false
    count("devices", isHit: isKnown)
    if isKnown, let known { return endorsements.adding(known.device) }
    guard let proved = proveDevice(device, with: endorsements, anchors: parts.anchors, at: now) else {
      return endorsements
    }
    state.withLock { $0.devices.set(digest, (proved, generation)) }
    return endorsements.adding(proved)
  }

  /// Genuine devices were judged with these: what they needed is kept fresh from now on.
  func noteGenuine(_ supply: DeviceSupply, at now: Timestamp) {
    state.withLock { state in
      for key in supply.group.keys where state.refresh.use(key) == nil { state.refresh.set(key, now) }
    }
  }
}
