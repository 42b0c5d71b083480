import Evidence

/// What the built-in strict rule finds unacceptable in proved claims: debugging, migration, any privilege level but the
/// first, a TCB that its vendor does not call up to date, and whatever it does not know. Empty when nothing is.
///
/// Signed policy may widen this by name; nothing else may.
package func strictRefusals(_ claims: Claims) -> [Refusal] {
  strictFindings(claims).map(\.refusal)
}

/// The same of the platform alone.
package func strictPlatformRefusals(_ claims: Claims) -> [Refusal] { strictPlatformFindings(claims).map(\.refusal) }

/// The findings, each under the check that people see.
func strictFindings(_ claims: Claims) -> [StrictFinding] {
  strictPlatformFindings(claims) + (claims.devices?.strictFindings ?? [])
}

private func strictPlatformFindings(_ claims: Claims) -> [StrictFinding] {
  switch claims.platform {
  case .snp(let snp): strictFindings(snp)
  case .tdx(let tdx): strictFindings(tdx)
  }
}

typealias StrictFinding = (name: CheckName, refusal: Refusal)

private func strictFindings(_ snp: SNPClaims) -> [StrictFinding] {
  var findings: [StrictFinding] = []
  func find(
    _ name: CheckName, _ code: Refusal.Code, _ field: String, got: String, wanted: String, when isWrong: Bool
  ) {
    guard isWrong else { return }
    findings.append((name, Refusal(code, field, got: got, wanted: wanted, genuine: true)))
  }
  func bits(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  find(.debug, .debugEnabled, "policy.debug", got: "1", wanted: "0", when: snp.policy.isDebugAllowed)
  find(
    .migration, .migrationAllowed, "policy.migrateMA", got: "1", wanted: "0", when: snp.policy.isMigrationAgentAllowed)
  find(.policy, .policyReservedBit, "policy.bit17", got: "0", wanted: "1", when: !snp.policy.hasReservedOne)
  let firmware = snp.committedFirmware
  find(
    .policy, .abiVersionUnmet, "policy.abi", got: firmware.text,
    wanted: "at least \(snp.policy.abiMajor).\(snp.policy.abiMinor)",
    when: (firmware.major, firmware.minor) < (snp.policy.abiMajor, snp.policy.abiMinor))
  find(
    .policy, .policyUnknownBits, "policy", got: bits(snp.policy.unknownBits), wanted: "no unknown bit",
    when: snp.policy.unknownBits != 0)
  find(.vmpl, .vmplNotZero, "vmpl", got: "\(snp.vmpl)", wanted: "0", when: snp.vmpl != 0)
  find(
    .platformInfo, .platformUnknownBits, "platformInfo", got: bits(snp.platformInfo.unknownBits),
    wanted: "no unknown bit", when: snp.platformInfo.unknownBits != 0)
  return findings
}
