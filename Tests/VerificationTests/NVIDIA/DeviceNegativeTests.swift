import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

private typealias Knob = (name: String, expected: String, change: @Sendable (inout SimulatedGPU) -> Void)

private func check(_ knobs: [Knob]) {
  for knob in knobs { #expect(SimulatedDevices.outcome(knob.change) == knob.expected, "\(knob.name)") }
}

@Test func aSimulatedDeviceIsProvedAsARealOneIs() throws {
  #expect(SimulatedDevices().outcome == "verified")
  let evidence = try SimulatedDevices.gpu.evidence(nonce: SimulatedDevices.nonce)
  let claims = try SimulatedDevices().verdict(evidence).get()
  #expect(claims.simulated && claims.gpus.count == 1 && claims.switches.isEmpty)
  #expect(claims.devices[0].board == "1010_0200_882")
  #expect(claims.devices[0].firmwareVersion == "96.00.9f.00.01")
  #expect(claims.devices[0].manifests.count == 2 && claims.devices[0].unreferenced.isEmpty)
  #expect(claims.validUntil == SimulatedDevices.issued.adding(.seconds(86_400)))
}

@Test func withoutTheAnchorsFileNothingSimulatedIsProved() throws {
  let evidence = try SimulatedDevices.gpu.evidence(nonce: SimulatedDevices.nonce)
  var examination = NVIDIAExamination(
    evidence, SimulatedDevices.gpuCollateral, nonce: SimulatedDevices.nonce, anchors: .builtIn,
    now: SimulatedDevices.now)
  #expect(examination.verdict().refusal?.code == .chainUntrusted)
}

@Test func aReportOfAnotherShapeIsMalformed() {
  var knobs: [Knob] = []
  for index in 0..<4 {
    knobs.append(("request \(index)", "malformed", { $0.requestHead[index] ^= 1 }))
    knobs.append(("response \(index)", "malformed", { $0.responseHead[index] ^= 1 }))
  }
  let others: [Knob] = [
    ("slot", "malformed", { $0.slot = 1 }),
    ("blocks out of order", "malformed", { $0.editBlocks = { $0.swapAt(3, 4) } }),
    ("a block twice", "malformed", { $0.editBlocks = { $0[4] = $0[3] } }),
    ("another specification", "malformed", { $0.editBlocks = { $0[4][1] = 2 } }),
    ("another size", "malformed", { $0.editBlocks = { $0[4][2] = 50 } }),
    ("another size of the value", "malformed", { $0.editBlocks = { $0[4][5] = 47 } }),
    ("raw bits", "malformed", { $0.editBlocks = { $0[4][4] = 0x81 } }),
    ("no block", "malformed", { $0.editBlocks = { $0 = [] } }),
    ("a field twice", "malformed", { $0.editOpaque = { $0.append($0[0]) } }),
    ("a driver with a slash", "malformed", { $0.driver = "550/../x" }),
    ("a long driver", "malformed", { $0.driver = String(repeating: "5", count: 33) }),
    ("a firmware id of 47 bytes", "malformed", { $0.firmwareID?.removeLast() }),
    ("a mode that nobody knows", "malformed", { $0.featureFlag = [3, 0] }),
    ("nine zeros behind it", "malformed", { $0.trailingZeros = 9 }),
    ("eight zeros behind it", "verified", { $0.trailingZeros = 8 }),
    ("an unknown field", "verified", { $0.editOpaque = { $0.append((99, [1, 2, 3])) } }),
    ("the newer flag", "verified", { $0.featureFlag = [0, 0] }),
  ]
  check(knobs + others)
}

@Test func theKeyIsTheFirmwaresAndNoOther() {
  let other = [UInt8](repeating: 0xFE, count: 48)
  check([
    ("signed by a stranger", "signatureInvalid", { $0.signingKey = SimulatedNVIDIAKeys.stranger }),
    ("signed by the boot ROM", "signatureInvalid", { $0.signingKey = $0.bootROMKey }),
    ("no firmware id", "firmwareIDMissing", { $0.firmwareID = nil }),
    ("neither has one", "firmwareIDMissing", { ($0.firmwareID, $0.certifiedFirmwareID) = (nil, nil) }),
    ("another firmware id", "firmwareIDMismatch", { $0.firmwareID = other }),
    ("another one in the certificate", "firmwareIDMismatch", { $0.certifiedFirmwareID = other }),
    ("none in the certificate", "firmwareIDMismatch", { $0.certifiedFirmwareID = nil }),
    ("a short one in the certificate", "extensionInvalid", { $0.certifiedFirmwareID?.removeLast() }),
    (
      "another issuer's key in it", "signingKeyMismatch",
      { $0.firmwareIssuerKey = SimulatedKeys.publicKey(of: SimulatedNVIDIAKeys.stranger) }
    ),
  ])
}

@Test func aDeviceIsWhatItsCertificateSays() {
  check([
    ("named another chip", "architectureMismatch", { $0.namedChip = "GB100" }),
    ("a chip of no known kind", "productUnsupported", { $0.chip = "XX100" }),
    ("a switch's certificate for a GPU", "architectureMismatch", { $0.chip = "LS_10" }),
    ("a GPU that says Blackwell", "architectureMismatch", { $0.chip = "GB100" }),
    ("no VBIOS", "architectureMismatch", { $0.editOpaque = { $0.removeAll { $0.type == 6 } } }),
    ("no driver", "architectureMismatch", { $0.editOpaque = { $0.removeAll { $0.type == 3 } } }),
    ("a short id", "extensionInvalid", { $0.deviceID = "48B02D" }),
  ])
  var devices = SimulatedDevices()
  devices.architecture = "BLACKWELL"
  #expect(devices.outcome == "architectureMismatch")
}

/// Genuine, and refused by name: nothing real shows how its measurements are to be judged.
@Test func blackwellIsReadAndRefused() {
  var devices = SimulatedDevices()
  devices.set.devices[0].chip = "GB100"
  devices.architecture = "BLACKWELL"
  #expect(devices.outcome == "architectureUnsupported")
  #expect(Refusal.Code.architectureUnsupported.kind == .unacceptable)
  devices.set.devices[0].measurements[21][0] ^= 1
  devices.endorsements = .none
  #expect(devices.outcome == "architectureUnsupported")
  devices.set.devices[0].signingKey = SimulatedNVIDIAKeys.stranger
  #expect(devices.outcome == "signatureInvalid")
}

@Test func measurementsAreNVIDIAs() {
  check([
    ("one of the driver's", "measurementMismatch", { $0.measurements[21][0] ^= 1 }),
    ("one of the VBIOS's", "measurementMismatch", { $0.measurements[9][47] ^= 1 }),
    ("too few", "measurementMissing", { $0.measurements.removeLast(30) }),
    ("the decoder's where it is off", "verified", { $0.measurements[35][0] ^= 1 }),
    (
      "the decoder's where it is on", "measurementMismatch",
      {
        $0.decoder = 0xAA
        $0.measurements[35][0] ^= 1
      }
    ),
    (
      "the decoder's where nobody says", "measurementMismatch",
      {
        $0.decoder = nil
        $0.measurements[35][0] ^= 1
      }
    ),
    ("a decoder in no known state", "decoderStateUnknown", { $0.decoder = 0x77 }),
    ("one that nothing names", "verified", { $0.measurements[60][0] = 1 }),
    ("another VBIOS", "collateralMissing", { $0.vbios[0] = 1 }),
    ("another driver", "collateralMissing", { $0.driver = "550.90.08" }),
  ])
}

@Test func theChainHasFiveCertificatesInOrder() {
  let stranger = SimulatedNVIDIAKeys.stranger
  check([
    ("four", "chainInvalid", { $0.arrangeChain = { Array($0.dropLast()) } }),
    ("six", "chainInvalid", { $0.arrangeChain = { $0 + [$0[4]] } }),
    ("the root first", "chainInvalid", { $0.arrangeChain = { $0.reversed() } }),
    ("two swapped", "chainInvalid", { $0.arrangeChain = { [$0[0], $0[2], $0[1], $0[3], $0[4]] } }),
    ("none", "chainInvalid", { $0.arrangeChain = { Array($0.suffix(1)) } }),
    (
      "a leaf that may sign certificates", "chainInvalid",
      { $0.editLeaf = { $0.extensions.insert(SimulatedNVIDIA.isAuthority, at: 0) } }
    ),
    (
      "a leaf with another use", "chainInvalid",
      { $0.editLeaf = { $0.extensions[0] = SimulatedNVIDIA.keyUsage([0x03, 0x02, 0x02, 0x84]) } }
    ),
    (
      "a boot ROM that is no authority", "chainUntrusted",
      { $0.editBootROM = { $0.extensions[0] = SimulatedNVIDIA.isNoAuthority } }
    ),
    ("a leaf that a stranger signed", "chainSignatureInvalid", { $0.editLeaf = { $0.forgingKey = stranger } }),
    ("a boot ROM that a stranger signed", "chainSignatureInvalid", { $0.editBootROM = { $0.forgingKey = stranger } }),
    (
      "a leaf signed with another hash", "chainInvalid", { $0.editLeaf = { $0.signature = .ecdsaSHA256 } }
    ),
    ("a leaf that ended", "certificateExpired", { $0.editLeaf = { $0.notAfter = SimulatedDevices.now } }),
    (
      "a boot ROM of tomorrow", "certificateNotYetValid",
      { $0.editBootROM = { $0.notBefore = SimulatedDevices.now.adding(.seconds(86_400)) } }
    ),
    (
      "a key of another curve", "signingKeyUnusable",
      {
        let key = SimulatedKeys.publicKey(of: SimulatedNVIDIAKeys.strangerP256)
        $0.editLeaf = { $0.subjectPublicKeyInfo = key }
      }
    ),
  ])
}

/// A device whose key makes further certificates has made another device's; nothing but the length tells.
@Test func aDeviceCannotVouchForAnother() throws {
  var forged = SimulatedGPU(0)
  let honest = forged.certificates
  forged.firmwareKey = SimulatedNVIDIAKeys.stranger
  let template = forged.leafTemplate
  forged.arrangeChain = { _ in [template.der] + honest.dropLast() }
  #expect(SimulatedDevices.outcome { $0 = forged } != "verified")
  forged.arrangeChain = { _ in [template.der] + honest.dropFirst() }
  #expect(SimulatedDevices.outcome { $0 = forged } == "verified")  // its boot ROM may
  forged.bootROMKey = SimulatedNVIDIAKeys.stranger
  let stranger = forged.leafTemplate
  forged.arrangeChain = { _ in [stranger.der] + honest.dropFirst() }
  #expect(SimulatedDevices.outcome { $0 = forged } != "verified")
}

@Test func noSignedByteCanBeChanged() throws {
  let device = try SimulatedDevices.gpu.devices[0].evidence(nonce: SimulatedDevices.nonce)
  let key = try DeviceChain(pem: device.certificateChain).key
  for offset in 0..<device.report.signedBytes.count + 96 {
    var bytes = device.report.bytes
    bytes[offset] ^= 0x01
    guard let report = try? DeviceReport(bytes) else { continue }
    let isValid = key.isValidECDSA(raw: report.signature, for: Array(report.signedBytes), hash: .sha384)
    #expect(!isValid, "byte \(offset)")
  }
}

@Test func aDeviceCountsOnce() {
  var devices = SimulatedDevices()
  devices.set = SimulatedGPUSet(count: 2, issuedAt: SimulatedDevices.issued)
  devices.endorsements = Endorsements(recognising: devices.set.files.map(\.bytes))
  #expect(devices.outcome == "verified")
  devices.set.devices[1] = devices.set.devices[0]
  #expect(devices.outcome == "deviceRepeated")
  devices.set.devices[1].deviceID = "48B02D0000000001"
  #expect(devices.outcome == "deviceRepeated")
  devices.set.devices[1] = SimulatedGPU(1)
  devices.set.devices[1].featureFlag = [1, 0]
  #expect(devices.outcome == "modesMixed")
}

@Test func switchesAreThoseThatTheGPUsSee() {
  let machine = SimulatedGPUSet.protectedMachine(issuedAt: SimulatedDevices.issued)
  let collateral = Endorsements(recognising: machine.files.map(\.bytes))
  func outcome(_ change: (inout SimulatedGPUSet) -> Void) -> String {
    var devices = SimulatedDevices(set: machine, endorsements: collateral)
    change(&devices.set)
    return devices.outcome
  }
  #expect(outcome { _ in } == "verified")
  let cases: [(String, (inout SimulatedGPUSet) -> Void)] = [
    ("a switch less", { $0.devices.removeLast() }),
    ("another switch", { $0.devices[8].switchIDs[0][0] ^= 1 }),
    ("a switch twice", { $0.devices[8].switchIDs = $0.devices[9].switchIDs }),
    ("a GPU that sees another switch", { $0.devices[3].switchIDs[0][0] ^= 1 }),
    ("a GPU that sees three", { $0.devices[3].switchIDs.removeFirst(2) }),
    ("a switch that sees other GPUs", { $0.devices[9].connectedGPUs[0][1] ^= 1 }),
    ("a switch that sees one twice", { $0.devices[9].connectedGPUs[0] = $0.devices[9].connectedGPUs[1] }),
    ("a switch that sees none", { $0.devices[9].connectedGPUs = [] }),
  ]
  for (name, change) in cases { #expect(outcome(change) == "topologyMismatch", "\(name)") }
  #expect(outcome { $0.devices[0].protectedPCIe = 0x55 } == "modesMixed")
}
