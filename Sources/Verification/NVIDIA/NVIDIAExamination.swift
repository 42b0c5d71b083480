import Bytes
import Cryptography
import Evidence

/// The checks of a set of GPUs and switches: all of them pass, or the set is refused.
///
/// Order: what costs nothing first, then each device's chain and signature, then what NVIDIA signed about its firmware,
/// and last what the devices are to one another.
struct NVIDIAExamination: Examination {
  static let checks: [(name: CheckName, check: Check)] = [
    (.reportData, { (e) throws(Refusal) in try e.checkNonce() }),
    (.endorsements, { (e) throws(Refusal) in try e.readChains() }),
    (.product, { (e) throws(Refusal) in try e.checkProducts() }),
    (.distinctDevices, { (e) throws(Refusal) in try e.checkDistinct() }),
    (.time, { (e) throws(Refusal) in try e.checkTime() }),
    (.chain, { (e) throws(Refusal) in try e.checkChains() }),
    (.signature, { (e) throws(Refusal) in try e.checkSignatures() }),
    (.rim, { (e) throws(Refusal) in try e.checkManifests() }),
    (.revocation, { (e) throws(Refusal) in try e.checkRevocation() }),
    (.measurements, { (e) throws(Refusal) in try e.checkMeasurements() }),
    (.topology, { (e) throws(Refusal) in try e.checkTopology() }),
  ]

  static let strictChecks: [CheckName] = [.firmwareID]

  let endorsements: Endorsements
  /// 32 bytes; `nil` only for people who look without an expectation.
  let nonce: [UInt8]?
  let anchors: Anchors
  let now: Timestamp

  /// What signed policy may permit is written down for it; else it is refused at once.
  var isRecording = false
  var ignoresDates = false
  var explains = false
  var ignoresRevocation = false
  var devices: [ExaminedDevice]
  /// The switches are the ones that the GPUs see, and the other way about.
  var isTopologyProved = false

  /// - Parameter nonce: what the reports must answer; of longer report data the first 32 bytes.
  init(
    _ evidence: NVIDIAEvidence, _ endorsements: Endorsements, nonce: [UInt8]?, anchors: Anchors, now: Timestamp
  ) {
    self.endorsements = endorsements
    self.nonce = nonce.map { Array($0.prefix(32)) }
    self.anchors = anchors
    self.now = now
    devices = evidence.devices.enumerated().map { ExaminedDevice($0.element, index: $0.offset) }
  }

  var moment: VerificationMoment { ignoresDates ? .ignoringDates : .now(now) }
  var prover: NVIDIAProver { NVIDIAProver(endorsements, anchors: anchors, ignoresRevocation: ignoresRevocation) }

  var isSimulated: Bool {
    devices.contains { device in
      (device.proof?.anchor.isSimulated ?? false) || device.manifests.contains { $0.signer.anchor.isSimulated }
    }
  }

  var claims: NVIDIAClaims? {
    let proved = devices.compactMap { DeviceClaims($0) }
    guard !proved.isEmpty, proved.count == devices.count else { return nil }
    return NVIDIAClaims(simulated: isSimulated, devices: proved, isTopologyProved: isTopologyProved)
  }

  /// What the proof rests on beside the evidence.
  var basis: ProofBasis {
    let manifests = devices.flatMap(\.manifests)
    return ProofBasis(
      devices.compactMap(\.proof) + manifests.map(\.signer), manifests: Set(manifests.map(\.digest)), of: endorsements)
  }

  /// All devices answered the one nonce that was asked.
  func checkNonce() throws(Refusal) -> Outcome {
    let wanted = nonce ?? devices.first?.report.nonce ?? []
    for device in devices where device.report.nonce != wanted {
      throw Refusal(
        .reportDataMismatch, "\(device.place).nonce", got: Hex.encode(device.report.nonce), wanted: Hex.encode(wanted))
    }
    return nonce == nil
      ? .notApplicable("no expected report data was given") : .passed("\(devices.count) reports of this nonce")
  }

  /// The same key twice is one device, however its certificates are written.
  func checkDistinct() throws(Refusal) -> Outcome {
    var seen: [[UInt8]: String] = [:]
    for device in devices {
      guard let carried = device.carried else { return .notReached }
      let key = Hash.sha256.digest(carried.leaf.subjectPublicKeyInfo)
      if let first = seen.updateValue(device.place, forKey: key) {
        throw Refusal(.deviceRepeated, device.place, got: "the device of \(first)", wanted: "\(devices.count) devices")
      }
    }
    return .passed("\(devices.count)")
  }

  func checkSignatures() throws(Refusal) -> Outcome {
    for device in devices {
      guard let carried = device.carried else { return .notReached }
      guard
        carried.key.isValidECDSA(
          raw: device.report.signature, for: Array(device.report.signedBytes), hash: .sha384)
      else { throw Refusal(.signatureInvalid, "\(device.place).signature") }
      try checkFirmware(of: device, carried)
    }
    return .passed("\(devices.count) reports")
  }

  /// What the report says its firmware is, where it says so, is what the key was made for.
  private func checkFirmware(of device: ExaminedDevice, _ carried: DeviceChain) throws(Refusal) {
    guard let stated = device.opaque.firmwareID else { return }
    guard carried.firmware.id == stated else {
      throw Refusal(
        .firmwareIDMismatch, "\(device.place).firmwareID", got: Hex.encode(stated),
        wanted: carried.firmware.id.map { Hex.encode($0) } ?? "the one that its certificate names, which is none")
    }
  }
}
