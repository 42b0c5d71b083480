import Bytes
import Evidence
import Verification

// What a decision's leaf says of GPUs. Spec: reliability §2.4.
extension NVIDIAClaims {
  var leafMeasure: JSONValue { .array(devices.map(\.leafMeasure)) }
}

extension DeviceClaims {
  fileprivate var leafMeasure: JSONValue {
    .object([
      ("chip", .string(chip)), ("driver", driverVersion.map { .string($0) } ?? .null),
      ("vbios", .string(firmwareVersion)),
      ("measurements", .string(Hex.encode(measurementsDigest))), ("rims", .strings(manifests.map { Hex.encode($0) })),
      ("mode", mode.map { .string($0.rawValue) } ?? .null),
    ])
  }
}

extension Claims {
  /// The technologies of a leaf beside the processor's.
  var deviceKinds: [String] { devices == nil ? [] : ["nvgpu"] }
}
