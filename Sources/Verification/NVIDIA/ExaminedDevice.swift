package import Bytes
import Cryptography
package import Evidence

/// A device's certificates, followed to an anchor and cleared by their responders. Proved, for as long as the dates of
/// it all last; the key of every report the device makes.
package struct ProvedDevice: Sendable {
  let carried: DeviceChain
  let proof: ProvedNVIDIAChain
  /// SHA-256 over the certificates as the device sent them.
  package let digest: [UInt8]

  /// SHA-256 over the certificates as a device sends them.
  package static func digest(of evidence: DeviceEvidence) -> [UInt8] { Hash.sha256.digest(evidence.certificateChain) }
  /// Every certificate, list and answer of its proof holds.
  package func isCurrent(at now: Timestamp) -> Bool { proof.validity?.contains(now) ?? false }
}

/// One device on its way through the checks: each adds what it found.
struct ExaminedDevice: Sendable {
  static let chainPlaces = ["device", "device's boot ROM", "device's provisioner", "device's authority", "device root"]

  let evidence: DeviceEvidence
  /// What people call it: its place among the evidence.
  let place: String
  var carried: DeviceChain?
  var proof: ProvedNVIDIAChain?
  /// Cleared already when the device was proved before.
  var isCleared = false
  /// Of the driver and of the firmware; a switch has no driver.
  var manifests: [ProvedManifest] = []
  var comparison: MeasurementComparison?

  init(_ evidence: DeviceEvidence, index: Int) {
    self.evidence = evidence
    place = "device[\(index)]"
  }

  var report: DeviceReport { evidence.report }
  var opaque: OpaqueData { evidence.report.opaque }
}

/// Proves the certificates of a device, so that its later reports need not carry that cost; what is refused is left for
/// `verify` to name.
package func proveDevice(
  _ evidence: DeviceEvidence, with endorsements: Endorsements, anchors: Anchors, at now: Timestamp
) -> ProvedDevice? {
  guard let carried = try? DeviceChain(pem: evidence.certificateChain, knowing: endorsements.certificates) else {
    return nil
  }
  let prover = NVIDIAProver(endorsements, anchors: anchors)
  guard let proof = try? prover.follow(carried, at: .now(now)),
    let cleared = try? prover.clearing(carried, proof, place: "device", at: .now(now))
  else { return nil }
  return ProvedDevice(carried: carried, proof: cleared, digest: ProvedDevice.digest(of: evidence))
}

extension NVIDIAProver {
  func follow(_ carried: DeviceChain, at moment: VerificationMoment) throws(Refusal) -> ProvedNVIDIAChain {
    try follow(
      carried.path, root: carried.root, for: NVIDIARoot.devices, .nvidiaDevice,
      places: ChainPlaces(ExaminedDevice.chainPlaces), at: moment)
  }

  /// Nobody answers for the device's own certificate: its key is the firmware's, which its own check names.
  func clearing(
    _ carried: DeviceChain, _ proof: ProvedNVIDIAChain, place: String, at moment: VerificationMoment
  ) throws(Refusal) -> ProvedNVIDIAChain {
    let places = ExaminedDevice.chainPlaces.map { place + $0.dropFirst("device".count) }
    return try clearing(proof, from: 1, places: places, at: moment)
  }
}

extension Endorsements {
  /// The same carriers, and a device that was proved with them. One that was proved with others is not taken.
  package func adding(_ device: ProvedDevice) -> Endorsements {
    guard device.proof.answers.allSatisfy(answers.contains),
      device.proof.chain.revocationLists.allSatisfy(revocationLists.contains)
    else { return self }
    var copy = self
    copy.proved.devices[device.digest] = device
    return copy
  }

  /// Every manifest that can be proved and cleared at `now`, by digest.
  func provedManifests(anchors: Anchors, at now: Timestamp) -> [[UInt8]: ProvedManifest] {
    let prover = NVIDIAProver(self, anchors: anchors)
    var proved: [[UInt8]: ProvedManifest] = [:]
    for document in manifests {
      guard let proof = try? prover.prove(document, at: .now(now)),
        let cleared = try? prover.clearing(proof, at: .now(now))
      else { continue }
      proved[document.digest] = cleared
    }
    return proved
  }
}
