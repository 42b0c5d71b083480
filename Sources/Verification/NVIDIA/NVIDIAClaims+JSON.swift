package import Bytes
import Evidence

extension NVIDIAClaims {
  package var json: JSONValue {
    .object([
      ("tee", "nvidia"), ("simulated", .bool(simulated)), ("gpuCount", .int(gpus.count)),
      ("switchCount", .int(switches.count)),
      ("topologyProved", .bool(isTopologyProved)), ("validUntil", .string(validUntil.rfc3339)),
      ("devices", .array(devices.map(\.json))),
    ])
  }
}

extension DeviceClaims {
  package var json: JSONValue {
    .object([
      ("architecture", .string(family.rawValue)), ("chip", .string(chip)), ("deviceID", .string(deviceID)),
      ("keyDigest", .string(Hex.encode(keyDigest))), ("serialNumber", .string(Hex.encode(serialNumber))),
      ("driverVersion", text(driverVersion)), ("vbiosVersion", .string(firmwareVersion)), ("board", text(board)),
      ("firmwareID", text(firmwareID.map { Hex.encode($0) })), ("mode", text(mode?.rawValue)),
      ("nonce", .string(Hex.encode(nonce))), ("measurementsDigest", .string(Hex.encode(measurementsDigest))),
      ("measurements", .string(comparison)), ("mismatches", .array(mismatches.map(\.json))),
      ("manifests", .array(manifests.map { .string(Hex.encode($0)) })),
      ("expiredManifests", .array(expiredManifests.map { .string(Hex.encode($0)) })),
      ("unreferencedMeasurements", .array(unreferenced.map { .int($0) })),
      ("revocationChecked", .bool(isRevocationChecked)), ("switchLocked", isSwitchLocked.map { .bool($0) } ?? .null),
      ("validUntil", .string(validUntil.rfc3339)),
    ])
  }

  private var comparison: String {
    if !mismatches.isEmpty { return "mismatch" }
    return isComparedWithManifests ? "match" : "notCompared"
  }

  private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}

extension MeasurementMismatch {
  fileprivate var json: JSONValue {
    .object([
      ("manifest", .string(Hex.encode(manifest))), ("index", .int(index)), ("got", .string(Hex.encode(got))),
      ("wanted", .string(Hex.encode(wanted))),
    ])
  }
}
