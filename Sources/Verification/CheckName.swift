/// The checks by the names that people see and that `--skip-check` takes.
package enum CheckName: String, Sendable, Hashable, CaseIterable {
  case reportData, hostData, signingKey, endorsements, endorsementKind, product, chipID, tcb, tcbOrder, time, chain
  case revocation, signature, requester
  // TDX
  case quotingEnclave, platform, tcbInfo, enclaveIdentity, evaluation, enclaveSignature, attestationKey, enclave, module
  case eventLog
  // NVIDIA
  case distinctDevices, firmwareID, rim, measurements, topology
  // The built-in strict rule.
  case debug, migration, policy, vmpl, platformInfo
  case attributes, serviceTD, features

  /// Leaving one of these out still leaves a proof that real hardware signed the report.
  package var isSkippable: Bool {
    switch self {
    case .chipID, .tcb, .tcbOrder, .time, .revocation, .evaluation, .eventLog: true
    case .debug, .migration, .policy, .vmpl, .platformInfo, .attributes, .serviceTD, .features: true
    case .firmwareID, .rim, .measurements, .topology: true
    default: false
    }
  }
}

/// What became of one check.
package struct CheckResult: Sendable, Equatable {
  package enum Outcome: String, Sendable { case pass, fail, skipped }

  package let name: CheckName
  package let outcome: Outcome
  package let detail: String
}
