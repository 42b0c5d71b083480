import Evidence
import Verification

/// What is judged of the GPUs that came with a platform. Genuine: only `Claims` become facts.
struct DeviceFacts: Equatable, Sendable {
  struct GPU: Equatable, Sendable {
    /// `GH100`.
    var chip: String
    /// `1010_0200_882`; `nil` where the report does not say.
    var board: String?
    /// SHA-256 over the device's public key.
    var keyDigest: [UInt8]
    var driver: String
    var vbios: String
    var mode: DeviceMode
  }

  var gpus: [GPU]
  /// Of GPUs and switches: SHA-256 over each public key.
  var keyDigests: [[UInt8]]
  /// Switches that were attested with them.
  var switchCount: Int
  var isTopologyProved: Bool
  /// What only signed policy may let pass.
  var findings: [DeviceFinding]

  init(_ claims: NVIDIAClaims) {
    gpus = claims.gpus.map { device in
      GPU(
        chip: device.chip, board: device.board, keyDigest: device.keyDigest, driver: device.driverVersion ?? "",
        vbios: device.firmwareVersion, mode: device.effectiveMode)
    }
    keyDigests = claims.devices.map(\.keyDigest)
    switchCount = claims.switches.count
    isTopologyProved = claims.isTopologyProved
    findings = claims.findings
  }
}
