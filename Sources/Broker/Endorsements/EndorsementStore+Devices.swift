import Bytes
import Collateral
import Cryptography
import Evidence
import Telemetry
import Verification

/// What there is for the GPUs of one guest.
struct DeviceSupply: Sendable {
  let endorsements: Endorsements
  let group: EvidenceGroup
  /// What clears the signers of their manifests.
  let signers: [CollateralKey]
}

extension EndorsementStore {
  /// The manifests, answers and lists for these devices, with all that is proved already: the manifests once for all
  /// devices of their kind, a device's certificates once for all its reports.
  func deviceSupply(for devices: NVIDIAEvidence, at now: Timestamp) async -> DeviceSupply {
    let evidence = UnverifiedEvidence.nvidia(devices)
    let group = group(of: evidence, EvidenceGroup.digest(of: evidence))
    await obtainLacking(group.keys, issuers: { CollateralKey.issuers(in: evidence) }, at: now)
    // Who signed the manifests shows only now.
    let manifests = state.withLock { state in group.keys.compactMap { state.stock.manifest($0, at: now) } }
    let signers = Set(manifests.flatMap { CollateralKey.wanted(by: $0) }).sorted()
    await obtainLacking(signers, issuers: { CollateralKey.issuers(of: manifests) }, at: now)
    var endorsements = proved(group, at: now)
    for device in devices.devices { endorsements = adding(device, to: endorsements, at: now) }
    return DeviceSupply(endorsements: endorsements, group: group, signers: signers)
  }

  private func obtainLacking(
    _ keys: [CollateralKey], issuers: () -> [Certificate], at now: Timestamp
  ) async {
    let lacking = state.withLock { state in keys.filter { state.stock.current($0, at: now) == nil } }
    count("collateral", isHit: lacking.isEmpty)
    if !lacking.isEmpty, parts.fetch != nil { await obtain(lacking, issuers: issuers(), at: now) }
  }

  /// A device that was proved before with the lists and answers that are at hand now; else proved here.
  private func adding(_ device: DeviceEvidence, to endorsements: Endorsements, at now: Timestamp) -> Endorsements {
    let digest = ProvedDevice.digest(of: device)
    let (known, listGeneration) = state.withLock { ($0.devices.use(digest), $0.stock.listGeneration) }
    // Any other answer may say something else of it.
    let isKnown =
      known.map {
        $0.listGeneration == listGeneration && $0.answers == endorsements.answers && $0.device.isCurrent(at: now)
      } ?? false
    count("devices", isHit: isKnown)
    if isKnown, let known { return endorsements.adding(known.device) }
    guard let proved = proveDevice(device, with: endorsements, anchors: parts.anchors, at: now) else {
      return endorsements
    }
    state.withLock { $0.devices.set(digest, (proved, listGeneration, endorsements.answers)) }
    return endorsements.adding(proved)
  }

  /// Genuine devices were judged with these: what they needed is kept fresh from now on.
  func noteGenuine(_ supply: DeviceSupply, at now: Timestamp) {
    state.withLock { state in
      for key in supply.group.keys + supply.signers where state.refresh.use(key) == nil { state.refresh.set(key, now) }
    }
  }
}
