package import Bytes

extension SimulatedGPUSet {
  /// One thing that a verifier, or whoever approves GPUs, has to notice.
  package enum Fault: String, Sendable, CaseIterable {
    /// The second GPU is the first one again.
    case duplicate
    case measurement, signature, firmwareID = "firmware-id", nonce, chain
    /// In protected mode, with no switch shown.
    case switches
    case revoked, onHold = "on-hold", stale
    /// Manifests whose signer has ended, or that a stranger signed.
    case expired, forged
  }

  /// - Parameter now: what expired things have ended by.
  package mutating func apply(_ fault: Fault, now: Timestamp) {
    let last = devices.count - 1
    switch fault {
    case .duplicate: devices[last] = devices[0]
    case .measurement: devices[last].measurements[9][0] ^= 1
    case .signature: devices[last].signingKey = SimulatedNVIDIAKeys.stranger
    case .firmwareID: devices[last].firmwareID = [UInt8](repeating: 0xFE, count: 48)
    case .nonce: devices[last].patches[4] = [0, 0, 0, 0]
    case .chain: devices[last].arrangeChain = { Array($0.dropLast()) }
    case .switches: for index in devices.indices { devices[index].protectedPCIe = 0xAA }
    case .revoked: answers[0].status = .revoked(reason: 1)
    case .onHold: answers[0].status = .revoked(reason: 6)
    case .stale: for index in answers.indices { answers[index].nextUpdate = now.adding(.seconds(-1)) }
    case .expired: editManifests { manifest in manifest.editSigner = { $0.notAfter = now.adding(.seconds(-1)) } }
    case .forged: editManifests { manifest in manifest.signingKey = SimulatedNVIDIAKeys.stranger }
    }
  }

  private mutating func editManifests(_ change: (inout SimulatedManifest) -> Void) {
    for index in manifests.indices { change(&manifests[index]) }
  }
}
