import Bytes
import Cryptography
import Evidence

// What NVIDIA signed about driver and firmware.
extension NVIDIAExamination {
  /// No honest folder holds more of one version; more would only buy work.
  private static let candidateLimit = 4

  /// What a device needs a manifest for.
  private enum Subject: String {
    case driver = "driver"
    case firmware = "VBIOS"
    case switchFirmware = "switch BIOS"
  }

  private func subjects(of device: ExaminedDevice) -> [(subject: Subject, version: String)] {
    guard let firmware = device.opaque.firmwareVersion else { return [] }
    guard let driver = device.opaque.driverVersion else { return [(.switchFirmware, firmware)] }
    return [(.driver, driver), (.firmware, firmware)]
  }

  /// The manifests at hand that speak of a version, whoever signed them: what holds now first, then the newest.
  private func candidates(_ version: String, for device: ExaminedDevice) -> [ManifestDocument] {
    let fitting = endorsements.manifests.filter { document in
      guard let manifest = document.manifest, let carried = device.carried else { return false }
      return manifest.edition == (carried.family.isSwitch ? "SWITCH" : "GPU")
        && manifest.product == carried.chip.filter { $0 != "_" }
        && manifest.version.lowercased() == version.lowercased()
    }
    func rank(_ document: ManifestDocument) -> (Int, Timestamp) {
      guard let signer = document.manifest?.signature.certificates.first else { return (0, 0) }
      return (signer.isValid(at: now) ? 1 : 0, signer.notBefore)
    }
    return Array(fitting.sorted { rank($0) > rank($1) }.prefix(Self.candidateLimit))
  }

  mutating func checkManifests() throws(Refusal) -> Outcome {
    var names: Set<String> = []
    var known = endorsements.proved.manifests.filter { $0.value.signer.isValid(at: now, anchors) }
    for index in devices.indices {
      guard let family = devices[index].carried?.family else { return .notReached }
      guard family.hasKnownManifests else {
        throw Refusal(
          .architectureUnsupported, devices[index].place, got: family.rawValue,
          wanted: "GPUs of Hopper and their switches",
          genuine: true)
      }
      devices[index].manifests = []
      for (subject, version) in subjects(of: devices[index]) {
        let manifest = try manifest(for: subject, version, devices[index], &known)
        devices[index].manifests.append(manifest)
        names.insert("\(subject.rawValue) \(version)")
      }
    }
    return .passed(names.sorted().joined(separator: ", "))
  }

  /// The first that is proved and that the measurements fit; of those that do not fit the first.
  ///
  /// - Parameter known: those that were proved, by digest: devices of one kind share theirs.
  private func manifest(
    for subject: Subject, _ version: String, _ device: ExaminedDevice, _ known: inout [[UInt8]: ProvedManifest]
  ) throws(Refusal) -> ProvedManifest {
    let wanted = "the manifest of \(subject.rawValue) \(version) for \(device.carried?.chip ?? "")"
    var refusal = Refusal(.collateralMissing, "\(device.place).manifest", wanted: wanted)
    var proved: [ProvedManifest] = []
    for document in candidates(version, for: device) {
      do throws(Refusal) {
        let manifest = if let known = known[document.digest] { known } else { try prove(document) }
        known[document.digest] = manifest
        proved.append(manifest)
      } catch { refusal = error }
    }
    let fitting = proved.first {
      (try? MeasurementComparison(device.report, [$0], place: device.place)) != nil
    }
    guard let found = fitting ?? proved.first else { throw refusal }
    return found
  }

  private func prove(_ document: ManifestDocument) throws(Refusal) -> ProvedManifest {
    do throws(Refusal) { return try prover.prove(document, at: moment) } catch {
      guard isRecording, error.code == .certificateExpired else { throw error }
      // Genuine when it was made; whether it still counts is for the statement that says so.
      var manifest = try prover.prove(document, at: .ignoringDates)
      manifest.isExpired = true
      return manifest
    }
  }

  mutating func checkMeasurements() throws(Refusal) -> Outcome {
    var count = 0
    for index in devices.indices {
      let device = devices[index]
      guard !device.manifests.isEmpty, device.manifests.count == subjects(of: device).count else { return .notReached }
      let comparison = try MeasurementComparison(
        device.report, device.manifests, place: device.place, isRecording: isRecording)
      devices[index].comparison = comparison
      count += comparison.matched
    }
    return .passed("\(count) measurements as NVIDIA has them")
  }
}
