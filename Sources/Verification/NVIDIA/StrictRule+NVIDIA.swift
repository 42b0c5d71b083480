import Bytes

/// What the strict rule holds against one device, as signed policy may name it.
package struct DeviceFinding: Sendable, Equatable {
  package enum Cause: Sendable, Equatable {
    /// A GPU that cannot say which firmware signed.
    case firmwareIDMissing
    /// The signer of a manifest, by its SHA-256, is past its end.
    case manifestExpired([UInt8])
    case measurement(MeasurementMismatch)
  }

  package let cause: Cause
  /// As people see it.
  package let refusal: Refusal

  var check: CheckName {
    switch cause {
    case .firmwareIDMissing: .firmwareID
    case .manifestExpired: .rim
    case .measurement: .measurements
    }
  }
}

extension NVIDIAClaims: ProvedStatement {
  /// What no policy but a signed one may let pass; empty when there is nothing.
  package var findings: [DeviceFinding] {
    devices.enumerated().flatMap { index, device in device.findings("device[\(index)]") }
  }

  var strictFindings: [StrictFinding] { findings.map { ($0.check, $0.refusal) } }
}

extension DeviceClaims {
  fileprivate func findings(_ place: String) -> [DeviceFinding] {
    var found: [DeviceFinding] = []
    if !family.isSwitch, firmwareID == nil {
      let refusal = Refusal(
        .firmwareIDMissing, "\(place).firmwareID", got: "none", wanted: "one in the report that its certificate names",
        genuine: true)
      found.append(DeviceFinding(cause: .firmwareIDMissing, refusal: refusal))
    }
    for digest in expiredManifests {
      let refusal = Refusal(
        .certificateExpired, "\(place).manifest", got: "the signer of \(Hex.encode(digest)) has ended",
        wanted: "one that holds", genuine: true)
      found.append(DeviceFinding(cause: .manifestExpired(digest), refusal: refusal))
    }
    for mismatch in mismatches {
      found.append(
        DeviceFinding(
          cause: .measurement(mismatch), refusal: mismatch.refusal("\(place).measurement[\(mismatch.index)]")))
    }
    return found
  }
}
