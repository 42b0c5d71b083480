import Bytes
import Cryptography
import Evidence

// From each device's key to an anchor.
extension NVIDIAExamination {
  mutating func readChains() throws(Refusal) -> Outcome {
    for index in devices.indices { devices[index].carried = try chain(of: devices[index]) }
    return .passed("\(DeviceChain.count) certificates for each of \(devices.count) devices")
  }

  /// The certificates that came with the report; for a bare report those of the bag that fit it.
  private func chain(of device: ExaminedDevice) throws(Refusal) -> DeviceChain {
    guard device.evidence.certificateChain.isEmpty else {
      if let known = known(device) { return known.carried }
      do throws(Refusal) {
        return try DeviceChain(pem: device.evidence.certificateChain, knowing: knownCertificates)
      } catch {
        throw Refusal(error.code, "\(device.place).\(error.field ?? "")", got: error.got, wanted: error.wanted)
      }
    }
    let chains = bagChains()
    let signed = chains.first { chain in
      chain.key.isValidECDSA(raw: device.report.signature, for: Array(device.report.signedBytes), hash: .sha384)
    }
    guard let found = signed ?? chains.first else {
      throw Refusal(.collateralMissing, "\(device.place).certificates", wanted: "the device's certificates")
    }
    return found
  }

  /// Those at hand, and those above the devices that were read before this one: devices of one kind share them.
  private var knownCertificates: [Certificate] {
    devices.reduce(endorsements.certificates) { known, device in
      device.carried.map { known + $0.path.dropFirst(2) + [$0.root] } ?? known
    }
  }

  /// What was proved before of these very certificates, as long as it holds.
  private func known(_ device: ExaminedDevice) -> ProvedDevice? {
    guard !endorsements.proved.devices.isEmpty,
      let known = endorsements.proved.devices[ProvedDevice.digest(of: device.evidence)],
      known.proof.isValid(at: now, anchors)
    else { return nil }
    return known
  }

  /// Every chain of the right form among the certificates at hand.
  private func bagChains() -> [DeviceChain] {
    let all = endorsements.certificates
    let leaves = all.filter { !$0.isCA && DeviceFamily(chip: String(($0.subject.commonName ?? "").prefix(5))) != nil }
    return leaves.prefix(NVIDIAEvidence.deviceLimit).compactMap { leaf in
      var path = [leaf]
      while path.count < DeviceChain.count, let next = all.first(where: { $0.subject == path[path.count - 1].issuer }) {
        path.append(next)
      }
      return try? DeviceChain(path)
    }
  }

  /// Report, certificate and sender agree on what the device is.
  func checkProducts() throws(Refusal) -> Outcome {
    for device in devices {
      guard let carried = device.carried else { return .notReached }
      if let claimed = device.evidence.claimedArchitecture, claimed.uppercased() != carried.family.rawValue {
        throw Refusal(
          .architectureMismatch, "\(device.place).arch", got: String(claimed.prefix(32)),
          wanted: carried.family.rawValue)
      }
      let isComplete =
        device.opaque.firmwareVersion != nil && (device.opaque.driverVersion == nil) == carried.family.isSwitch
      guard isComplete else {
        throw Refusal(
          .architectureMismatch, "\(device.place).report", got: "no report of such a device", wanted: carried.chip)
      }
    }
    return .passed(devices.compactMap { $0.carried?.chip }.joined(separator: ", "))
  }

  /// Both ends of every certificate that is about to be relied on. The last second is past the end.
  func checkTime() throws(Refusal) -> Outcome {
    var until: [Timestamp] = []
    for device in devices {
      guard let carried = device.carried else { return .notReached }
      for (name, certificate) in zip(ExaminedDevice.chainPlaces, carried.path) {
        try check(certificate, device.place + name.dropFirst("device".count))
        until.append(certificate.notAfter)
      }
    }
    return .passed("\(until.count) dates hold until \(until.min()?.rfc3339 ?? "") or later")
  }

  private func check(_ certificate: Certificate, _ place: String) throws(Refusal) {
    let wanted = "\(certificate.notBefore.rfc3339) to \(certificate.notAfter.rfc3339)"
    guard certificate.notBefore <= now else {
      throw Refusal(.certificateNotYetValid, place, got: now.rfc3339, wanted: wanted)
    }
    guard now < certificate.notAfter else {
      throw Refusal(.certificateExpired, place, got: now.rfc3339, wanted: wanted)
    }
  }

  mutating func checkChains() throws(Refusal) -> Outcome {
    for index in devices.indices {
      guard let carried = devices[index].carried else { return .notReached }
      if let known = known(devices[index]) {
        devices[index].proof = known.proof
        devices[index].isCleared = true
      } else {
        devices[index].proof = try prover.follow(carried, at: moment)
      }
    }
    let names = Set(devices.compactMap { $0.proof?.anchor.name })
    return .passed(names.sorted().joined(separator: ", "))
  }

  /// Everything between the devices' own certificates and the roots, and the signers of the manifests in use.
  mutating func checkRevocation() throws(Refusal) -> Outcome {
    var count = 0
    for index in devices.indices {
      guard let carried = devices[index].carried, let proof = devices[index].proof else { return .notReached }
      if !devices[index].isCleared {
        let cleared = try prover.clearing(carried, proof, place: devices[index].place, at: moment)
        devices[index].proof = cleared
      }
      for position in devices[index].manifests.indices {
        let manifest = devices[index].manifests[position]
        let isKnown = endorsements.proved.manifests[manifest.digest]?.signer.isValid(at: now, anchors) ?? false
        if !isKnown { devices[index].manifests[position] = try prover.clearing(manifest, at: moment) }
      }
      devices[index].isCleared = true
      count += (carried.path.count - 1) + devices[index].manifests.reduce(0) { $0 + $1.signer.chain.path.count }
    }
    return .passed("\(count) certificates cleared")
  }
}
