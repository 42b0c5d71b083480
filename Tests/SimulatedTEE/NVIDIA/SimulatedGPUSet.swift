package import Bytes
package import Evidence

/// The simulated GPUs, and switches, of one guest, with all that NVIDIA says about them.
package struct SimulatedGPUSet: Sendable {
  package var devices: [SimulatedGPU]
  package var manifests: [SimulatedManifest]
  /// One for each certificate between devices or signers and their roots.
  package var answers: [SimulatedAnswer]

  /// - Parameter issuedAt: the date of answers, which are good for a day, and a year after the manifests' signer began.
  package init(_ devices: [SimulatedGPU], issuedAt: Timestamp) {
    self.devices = devices
    manifests = Self.manifests(for: devices, signedAt: issuedAt.adding(.seconds(-365 * 86_400)))
    answers = Self.answers(for: devices, manifests, at: issuedAt)
  }

  /// So many GPUs, each by itself.
  package init(count: Int = 1, issuedAt: Timestamp, keys: SimulatedNVIDIAKeys = .shared) {
    self.init((0..<count).map { SimulatedGPU($0, keys: keys) }, issuedAt: issuedAt)
  }

  /// Eight GPUs behind four switches.
  package static func protectedMachine(
    issuedAt: Timestamp, keys: SimulatedNVIDIAKeys = .shared
  ) -> SimulatedGPUSet {
    func id(_ kind: UInt8, _ index: Int) -> [UInt8] { [kind, 0, 0, 0, 0, 0, 1, UInt8(index)] }
    let gpus = (0..<8).map { index in
      var gpu = SimulatedGPU(index, keys: keys)
      gpu.protectedPCIe = 0xAA
      let links = (0..<4).flatMap { [id(0x51, $0), id(0x51, $0)] }
      gpu.switchIDs = links + (0..<10).map { _ in [UInt8](repeating: 0, count: 8) }
      return gpu
    }
    let switches = (0..<4).map { index in
      var device = SimulatedGPU.switchLS10(8 + index, keys: keys)
      device.switchIDs = [id(0x51, index).reversed()]
      device.connectedGPUs = (0..<8).map { id(0x67, $0) }
      return device
    }
    return SimulatedGPUSet(gpus + switches, issuedAt: issuedAt)
  }

  private static func manifests(for devices: [SimulatedGPU], signedAt: Timestamp) -> [SimulatedManifest] {
    var made: [SimulatedManifest] = []
    func add(_ version: String, _ indexes: Set<Int>, _ device: SimulatedGPU) {
      guard !made.contains(where: { $0.version == version }) else { return }
      var manifest = SimulatedManifest(version, indexes: indexes, authority: device.authority, signedAt: signedAt)
      if device.driver == nil {
        (manifest.product, manifest.edition, manifest.count) = ("LS10", "SWITCH", indexes.count)
      }
      made.append(manifest)
    }
    for device in devices {
      if let driver = device.driver {
        add(driver, SimulatedManifest.driverIndexes, device)
        add(device.vbiosVersion.uppercased(), SimulatedManifest.vbiosIndexes, device)
      } else {
        add(device.vbiosVersion, SimulatedManifest.switchIndexes, device)
      }
    }
    return made
  }

  private static func answers(
    for devices: [SimulatedGPU], _ manifests: [SimulatedManifest], at time: Timestamp
  ) -> [SimulatedAnswer] {
    guard let authority = devices.first?.authority else { return [] }
    let shared = [
      authority.provisionerTemplate, authority.identityTemplate, authority.manifestIssuerTemplate,
      authority.manifestAuthorityTemplate,
    ]
    let own = devices.map(\.bootROMTemplate) + (manifests.first.map { [$0.signerTemplate] } ?? [])
    return (shared + own).map { SimulatedAnswer(about: $0, at: time, keys: authority.keys) }
  }

  /// What lies in a folder of collateral, by the names that people see.
  package var files: [(name: String, bytes: [UInt8])] {
    manifests.map { ("rim-\($0.edition.lowercased())-\($0.version).xml", $0.bytes) }
      + answers.map { ("ocsp-\($0.serial).der", $0.der) }
      + (devices.first.map { [("issuers.pem", $0.issuersPEM)] } ?? [])
  }

  package func evidence(nonce: [UInt8]) throws(EvidenceError) -> NVIDIAEvidence {
    var evidence: [DeviceEvidence] = []
    for device in devices { evidence.append(try device.evidence(nonce: nonce)) }
    return NVIDIAEvidence(devices: evidence)
  }

  /// The KBS evidence of `nvidia`.
  package func kbsEvidence(nonce: [UInt8]) -> JSONValue {
    .object([("device_evidence_list", .array(devices.map { $0.kbsItem(nonce: nonce) }))])
  }
}
