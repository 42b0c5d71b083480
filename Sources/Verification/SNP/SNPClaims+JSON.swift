package import Bytes
package import Evidence

extension SNPClaims {
  var members: [(String, JSONValue)] { identityMembers + platformMembers + endorsementMembers }

  private var identityMembers: [(String, JSONValue)] {
    [
      ("product", .string(product.rawValue)), ("reportVersion", .int(reportVersion)),
      ("measurement", .hex(measurement)), ("hostData", .hex(hostData)), ("reportData", .hex(reportData)),
      ("vmpl", .int(vmpl)), ("guestSVN", .int(guestSVN)), ("policy", policy.json),
      ("familyID", .hex(familyID)), ("imageID", .hex(imageID)), ("idKeyDigest", .hex(idKeyDigest)),
      ("authorKeyDigest", .hex(authorKeyDigest)), ("authorKeyEnabled", .bool(isAuthorKeyEnabled)),
      ("reportID", .hex(reportID)),
    ]
  }

  private var platformMembers: [(String, JSONValue)] {
    [
      (
        "tcb",
        .object([
          ("reported", tcb.reported.json), ("committed", tcb.committed.json), ("current", tcb.current.json),
          ("launch", tcb.launch.json),
        ])
      ),
      ("platformInfo", platformInfo.json), ("chipID", .hex(chipID)),
      ("cpu", cpu.map(\.json) ?? .null), ("currentFirmware", .string(currentFirmware.text)),
      ("committedFirmware", .string(committedFirmware.text)),
      ("launchMitigations", launchMitigations.map { .bits($0) } ?? .null),
      ("currentMitigations", currentMitigations.map { .bits($0) } ?? .null),
    ]
  }

  private var endorsementMembers: [(String, JSONValue)] {
    [
      ("signingKey", .string(signingKey.rawValue)), ("cspID", cspID.map { .string($0) } ?? .null),
      ("certificateSHA256", .hex(certificateDigest)), ("validUntil", .string(validUntil.rfc3339)),
      ("revocation", revocation.json),
    ]
  }
}

extension SNPClaims.Revocation {
  fileprivate var json: JSONValue {
    switch self {
    case .checked(let time): ["status": "checked", "thisUpdate": .string(time.rfc3339)]
    case .unavailable: ["status": "unavailable"]
    }
  }
}

extension JSONValue {
  fileprivate static func hex(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encode(bytes)) }
  fileprivate static func bits(_ value: UInt64) -> JSONValue { .string("0x" + String(value, radix: 16)) }
}

extension TCBVersion.Components {
  package var json: JSONValue {
    let first: [(String, JSONValue)] = fmc.map { [("fmc", .int($0))] } ?? []
    return .object(
      first + [
        ("bootLoader", .int(bootLoader)), ("tee", .int(tee)), ("snp", .int(snp)), ("microcode", .int(microcode)),
      ])
  }

  /// `bootLoader.tee.snp.microcode`, from Turin on with FMC in front.
  package var text: String {
    ([fmc, bootLoader, tee, snp, microcode].compactMap { $0 }).map { String($0) }.joined(separator: ".")
  }
}

extension SNPReport.FirmwareVersion {
  package var text: String { "\(major).\(minor).\(build)" }
}

extension CPUIdentity {
  fileprivate var json: JSONValue {
    ["family": .int(family), "model": .int(model), "stepping": .int(stepping)]
  }

  package var text: String { "\(Hex.encode([family]))/\(Hex.encode([model]))/\(Hex.encode([stepping]))" }
}

extension GuestPolicy {
  package var json: JSONValue {
    .object([
      ("raw", .bits(raw)), ("abi", .string("\(abiMajor).\(abiMinor)")), ("smtAllowed", .bool(isSMTAllowed)),
      ("migrationAgentAllowed", .bool(isMigrationAgentAllowed)), ("debugAllowed", .bool(isDebugAllowed)),
      ("singleSocket", .bool(isSingleSocketRequired)), ("cxlAllowed", .bool(isCXLAllowed)),
      ("memoryAES256XTS", .bool(isMemoryAES256XTSRequired)), ("raplDisabled", .bool(isRAPLDisabled)),
      ("ciphertextHiding", .bool(isCiphertextHidingRequired)), ("pageSwapDisabled", .bool(isPageSwapDisabled)),
    ])
  }
}

extension PlatformInfo {
  package var json: JSONValue {
    .object([
      ("raw", .bits(raw)), ("smtEnabled", .bool(isSMTEnabled)), ("tsmeEnabled", .bool(isTSMEEnabled)),
      ("eccEnabled", .bool(isECCEnabled)), ("raplDisabled", .bool(isRAPLDisabled)),
      ("ciphertextHiding", .bool(isCiphertextHidingEnabled)), ("aliasCheckComplete", .bool(isAliasCheckComplete)),
    ])
  }
}
