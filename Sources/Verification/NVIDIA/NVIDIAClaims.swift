package import Bytes
import Cryptography
package import Evidence

/// What proved reports say of the GPUs and switches of one guest. It says that such devices answered, not whose they
/// are: only evidence of the guest's processor that covers these reports does.
package struct NVIDIAClaims: Sendable, Equatable {
  /// Proved, in part at least, under an anchor that the operator added.
  package let simulated: Bool
  package let devices: [DeviceClaims]
  /// The switches are the ones that the GPUs see, and the other way about; false where none was attested.
  package let isTopologyProved: Bool

  package var gpus: [DeviceClaims] { devices.filter { !$0.family.isSwitch } }
  package var switches: [DeviceClaims] { devices.filter(\.family.isSwitch) }

  /// When the first of the certificates, manifests and answers runs out.
  package var validUntil: Timestamp { devices.map(\.validUntil).min() ?? 0 }
}

/// One device.
package struct DeviceClaims: Sendable, Equatable {
  package let family: DeviceFamily
  /// `GH100`, as its certificate names it.
  package let chip: String
  /// 16 hexadecimal digits, one for each device.
  package let deviceID: String
  /// SHA-256 over its key's SubjectPublicKeyInfo: which device it is.
  package let keyDigest: [UInt8]
  /// Of its own certificate, big-endian.
  package let serialNumber: [UInt8]
  package let driverVersion: String?
  package let firmwareVersion: String
  /// SHA-384 of the firmware that signed; `nil` where report or certificate does not say.
  package let firmwareID: [UInt8]?
  /// `1010_0200_882`: project, its SKU, and the chip's.
  package let board: String?
  package let mode: DeviceMode?
  package let nonce: [UInt8]
  /// SHA-384 over all measurements in order.
  package let measurementsDigest: [UInt8]
  /// SHA-256 of the manifests that the measurements fit; empty when they were not compared.
  package let manifests: [[UInt8]]
  /// Those of them whose signers' certificates have ended.
  package let expiredManifests: [[UInt8]]
  /// Measurements that are not as the manifests say.
  package let mismatches: [MeasurementMismatch]
  /// Measurements that no manifest speaks of and that are not zero.
  package let unreferenced: [Int]
  package let isRevocationChecked: Bool
  package let isSwitchLocked: Bool?
  package let validUntil: Timestamp

  /// `nil` unless the device's certificates are proved.
  init?(_ device: ExaminedDevice) {
    guard let carried = device.carried, let proof = device.proof, let firmwareVersion = device.opaque.firmwareVersion
    else { return nil }
    family = carried.family
    chip = carried.chip
    deviceID = carried.deviceID
    keyDigest = Hash.sha256.digest(carried.leaf.subjectPublicKeyInfo)
    serialNumber = carried.leaf.serialNumber
    driverVersion = device.opaque.driverVersion
    self.firmwareVersion = firmwareVersion
    firmwareID = carried.firmware.id == device.opaque.firmwareID ? carried.firmware.id : nil
    let names = [device.opaque.project, device.opaque.projectSKU, device.opaque.chipSKU].compactMap { $0 }
    board = names.count == 3 ? names.joined(separator: "_") : nil
    mode = device.opaque.mode
    nonce = device.report.nonce
    measurementsDigest = Hash.sha384.digest(device.report.measurements.flatMap { $0 })
    manifests = device.comparison == nil ? [] : device.manifests.map(\.digest)
    expiredManifests = device.manifests.filter(\.isExpired).map(\.digest)
    mismatches = device.comparison?.mismatches ?? []
    unreferenced = device.comparison?.unreferenced ?? []
    isRevocationChecked = device.isCleared
    isSwitchLocked = device.opaque.isLocked
    let ends = ([proof] + device.manifests.map(\.signer)).compactMap { $0.validity?.upperBound }
    validUntil = ends.min() ?? 0
  }

  package var isComparedWithManifests: Bool { !manifests.isEmpty }

  /// What the report says, or what a report that does not say means. Spec: NVIDIA device report, feature flag.
  package var effectiveMode: DeviceMode { mode ?? .singleGPU }
}
