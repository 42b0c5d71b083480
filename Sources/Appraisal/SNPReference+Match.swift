import Bytes
import Evidence
import Verification

extension SNPReference {
  /// Every requirement that the platform does not meet; empty means that all are met.
  func mismatches(_ facts: SNPFacts) -> [Mismatch] {
    identityMismatches(facts) + keyMismatches(facts) + levelMismatches(facts) + bitMismatches(facts)
  }

  /// Whether this bundle widens the built-in strict rule at this place: it may name a VMPL other than 0, since it always
  /// pins the measurement. Whether the report's VMPL is one it names is a check of its own.
  func accepts(_ refusal: Refusal) -> Bool { refusal.code == .vmplNotZero && vmpls != [0] }

  private func identityMismatches(_ facts: SNPFacts) -> [Mismatch] {
    var found: [Mismatch] = []
    if !measurements.contains(facts.measurement) {
      found.append(
        Mismatch(
          .measurementUnknown, "measurement", got: Hex.encode(facts.measurement), wanted: Self.oneOf(measurements)))
    }
    if let hostData, !hostData.contains(facts.hostData) {
      found.append(
        Mismatch(.hostDataMismatch, "hostData", got: Hex.encode(facts.hostData), wanted: Self.oneOf(hostData)))
    }
    if let chipIDs, !chipIDs.contains(facts.chipID) {
      found.append(Mismatch(.chipNotAllowed, "chipID", got: Hex.encode(facts.chipID), wanted: Self.oneOf(chipIDs)))
    }
    if !vmpls.contains(facts.vmpl) {
      found.append(
        Mismatch(.vmplNotAllowed, "vmpl", got: "\(facts.vmpl)", wanted: Self.oneOf(vmpls.map { "\($0)" })))
    }
    if facts.guestSVN < minimumGuestSVN {
      found.append(
        Mismatch(.guestSVNTooLow, "guestSVN", got: "\(facts.guestSVN)", wanted: "at least \(minimumGuestSVN)"))
    }
    return found
  }

  private func keyMismatches(_ facts: SNPFacts) -> [Mismatch] {
    var found: [Mismatch] = []
    if !signingKeys.contains(facts.signingKey) {
      found.append(
        Mismatch(
          .signingKeyNotAllowed, "signingKey", got: facts.signingKey.rawValue,
          wanted: Self.oneOf(signingKeys.map(\.rawValue))))
    }
    if let providers, facts.signingKey == .vlek, !(facts.cspID.map(providers.contains) ?? false) {
      found.append(
        Mismatch(.providerNotAllowed, "cspID", got: facts.cspID ?? "none", wanted: Self.oneOf(providers)))
    }
    if let idKeyDigests, !idKeyDigests.contains(facts.idKeyDigest) {
      found.append(
        Mismatch(.idKeyNotAllowed, "idKeyDigest", got: Hex.encode(facts.idKeyDigest), wanted: Self.oneOf(idKeyDigests)))
    }
    if let authorKeyDigests, !facts.isAuthorKeyEnabled || !authorKeyDigests.contains(facts.authorKeyDigest) {
      let got = facts.isAuthorKeyEnabled ? Hex.encode(facts.authorKeyDigest) : "none"
      found.append(Mismatch(.authorKeyNotAllowed, "authorKeyDigest", got: got, wanted: Self.oneOf(authorKeyDigests)))
    }
    if requiresRevocationCheck && !facts.isRevocationChecked {
      found.append(Mismatch(.revocationUnchecked, "revocation", got: "not checked", wanted: "checked"))
    }
    return found
  }

  private func levelMismatches(_ facts: SNPFacts) -> [Mismatch] {
    guard let floor = products[facts.product] else {
      let wanted = products.keys.map(\.rawValue).sorted()
      return [Mismatch(.productNotAllowed, "product", got: facts.product.rawValue, wanted: Self.oneOf(wanted))]
    }
    let reported = facts.reportedTCB.shortfalls(below: floor.reported).map {
      Mismatch(.reportedTCBTooLow, "reportedTCB.\($0.component)", got: $0.got, wanted: "at least \($0.wanted)")
    }
    let launch = facts.launchTCB.shortfalls(below: floor.launch).map {
      Mismatch(.launchTCBTooLow, "launchTCB.\($0.component)", got: $0.got, wanted: "at least \($0.wanted)")
    }
    return reported + launch
      + mitigation("launchMitigations", facts.launchMitigations, launchMitigations)
      + mitigation("currentMitigations", facts.currentMitigations, currentMitigations)
  }

  private func mitigation(_ field: String, _ got: UInt64?, _ required: UInt64) -> [Mismatch] {
    guard (got ?? 0) & required != required else { return [] }
    return [
      Mismatch(
        .mitigationMissing, field, got: got.map(Mismatch.hex) ?? "none", wanted: "all of \(Mismatch.hex(required))")
    ]
  }

  private func bitMismatches(_ facts: SNPFacts) -> [Mismatch] {
    guestPolicy.mismatches(
      facts.guestPolicy, "guestPolicy", BitNames.guestPolicy, (.guestPolicyMissing, .guestPolicyForbidden))
      + platformInfo.mismatches(
        facts.platformInfo, "platformInfo", BitNames.platformInfo, (.platformInfoMissing, .platformInfoForbidden))
  }

  private static func oneOf(_ values: [[UInt8]]) -> String { Mismatch.oneOf(values.map { Hex.encode($0) }) }
  private static func oneOf(_ values: [String]) -> String { Mismatch.oneOf(values) }
}
