package import Bytes

extension SNPReport {
  /// The report as the structure that guests send; `init(kbsJSON:)` reads it back to the same bytes. A report that the
  /// structure cannot hold (something stands in reserved bytes) becomes base64 of its bytes.
  package var kbsJSON: JSONValue {
    let structure = JSONValue.object(structure)
    guard let back = try? SNPReport(kbsJSON: structure), back.bytes == bytes else {
      return .string(Base64.encode(bytes))
    }
    return structure
  }

  private var structure: [(String, JSONValue)] {
    identityMembers + digestMembers + platformMembers + [("signature", signatureJSON)]
  }

  private var layout: TCBVersion.Layout { cpu?.family == 0x1A ? .family1A : .family19 }

  private var identityMembers: [(String, JSONValue)] {
    [
      ("version", .int(version)), ("guest_svn", .int(guestSVN)), ("policy", .int(policy.raw)),
      ("family_id", .kbsOctets(familyID)), ("image_id", .kbsOctets(imageID)), ("vmpl", .int(vmpl)),
      ("sig_algo", 1), ("current_tcb", currentTCB.kbsJSON(layout)), ("plat_info", .int(platformInfo.raw)),
      ("key_info", .int(keyInfo)),
    ]
  }

  private var digestMembers: [(String, JSONValue)] {
    [
      ("report_data", .kbsOctets(reportData)), ("measurement", .kbsOctets(measurement)),
      ("host_data", .kbsOctets(hostData)), ("id_key_digest", .kbsOctets(idKeyDigest)),
      ("author_key_digest", .kbsOctets(authorKeyDigest)), ("report_id", .kbsOctets(reportID)),
      ("report_id_ma", .kbsOctets(reportIDMA)),
    ]
  }

  private var platformMembers: [(String, JSONValue)] {
    [
      ("reported_tcb", reportedTCB.kbsJSON(layout)), ("cpuid_fam_id", .optional(cpu?.family)),
      ("cpuid_mod_id", .optional(cpu?.model)), ("cpuid_step", .optional(cpu?.stepping)),
      ("chip_id", .kbsOctets(chipID)), ("committed_tcb", committedTCB.kbsJSON(layout)),
      ("current", currentFirmware.kbsJSON), ("committed", committedFirmware.kbsJSON),
      ("launch_tcb", launchTCB.kbsJSON(layout)), ("launch_mit_vector", .optional(launchMitigations)),
      ("current_mit_vector", .optional(currentMitigations)),
    ]
  }

  private var signatureJSON: JSONValue {
    let padding = [UInt8](repeating: 0, count: 24)
    return .object([
      ("r", .kbsOctets(signature.prefix(48).reversed() + padding)),
      ("s", .kbsOctets(signature.suffix(48).reversed() + padding)),
    ])
  }
}

extension SNPReport.FirmwareVersion {
  fileprivate var kbsJSON: JSONValue {
    .object([("major", .int(major)), ("minor", .int(minor)), ("build", .int(build))])
  }
}

extension TCBVersion {
  fileprivate func kbsJSON(_ layout: Layout) -> JSONValue {
    let parts = components(layout)
    return .object([
      ("fmc", .optional(parts.fmc)), ("bootloader", .int(parts.bootLoader)), ("tee", .int(parts.tee)),
      ("snp", .int(parts.snp)), ("microcode", .int(parts.microcode)),
    ])
  }
}

extension JSONValue {
  static func kbsOctets(_ bytes: [UInt8]) -> JSONValue { .array(bytes.map { .int($0) }) }
  fileprivate static func optional(_ value: (some BinaryInteger)?) -> JSONValue { value.map { .int($0) } ?? .null }
}
