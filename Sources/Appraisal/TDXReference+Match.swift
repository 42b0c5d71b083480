import Bytes
import Evidence
import Verification

extension TDXReference {
  /// Every requirement that the platform does not meet; empty means that all are met.
  func mismatches(_ facts: TDXFacts) -> [Mismatch] {
    measurementMismatches(facts) + ownerMismatches(facts) + platformMismatches(facts) + bitMismatches(facts)
      + logMismatches(facts)
  }

  private func measurementMismatches(_ facts: TDXFacts) -> [Mismatch] {
    var found = Self.oneOf(mrTD, facts.mrTD, "mrTD", .measurementUnknown)
    for (index, values) in rtmr.enumerated() {
      found += Self.oneOf(values, facts.rtmr[index], "rtmr\(index)", .registerMismatch)
    }
    return found + Self.oneOf(mrSeam, facts.mrSeam, "mrSeam", .moduleNotAllowed)
  }

  private func ownerMismatches(_ facts: TDXFacts) -> [Mismatch] {
    Self.oneOf(mrConfigID, facts.mrConfigID, "mrConfigID", .hostDataMismatch)
      + Self.oneOf(mrOwner, facts.mrOwner, "mrOwner", .ownerNotAllowed)
      + Self.oneOf(mrOwnerConfig, facts.mrOwnerConfig, "mrOwnerConfig", .ownerNotAllowed)
      + Self.oneOf(serviceTDs.map { $0 + [Self.zero] }, facts.mrServiceTD, "mrServiceTD", .serviceTDNotAllowed)
  }

  private func platformMismatches(_ facts: TDXFacts) -> [Mismatch] {
    var found = Self.oneOf(platforms, facts.ppid, "ppid", .chipNotAllowed)
    found += Self.oneOf(
      platformInstances, facts.platformInstanceID ?? [], "platformInstanceID", .chipNotAllowed)
    if facts.evaluationNumber < minimumEvaluation {
      found.append(
        Mismatch(
          .evaluationTooOld, "evaluationNumber", got: "\(facts.evaluationNumber)",
          wanted: "at least \(minimumEvaluation)"))
    }
    return found
  }

  private func bitMismatches(_ facts: TDXFacts) -> [Mismatch] {
    var found = attributes.mismatches(
      facts.attributes, "tdAttributes", BitNames.tdAttributes, (.tdAttributeMissing, .tdAttributeForbidden))
    if let xfam, !xfam.isMet(by: facts.xfam) {
      found.append(
        Mismatch(
          .featuresNotAllowed, "xfam", got: Mismatch.hex(facts.xfam),
          wanted: "all of \(Mismatch.hex(xfam.required)), none but \(Mismatch.hex(xfam.allowed))"))
    }
    return found
  }

  private func logMismatches(_ facts: TDXFacts) -> [Mismatch] {
    guard requiresEventLog else { return [] }
    guard let registers = facts.registers else {
      return [Mismatch(.eventLogMissing, "eventLog", got: "none", wanted: "an event log")]
    }
    return registers.enumerated().compactMap { index, state in
      guard state == .unproven || state == .differs else { return nil }
      return Mismatch(.registerUnproven, "rtmr\(index)", got: state.rawValue, wanted: "replayed")
    }
  }

  private static func oneOf(
    _ values: [[UInt8]]?, _ got: [UInt8], _ field: String, _ code: Mismatch.Code
  ) -> [Mismatch] {
    guard let values, !values.contains(got) else { return [] }
    return [
      Mismatch(
        code, field, got: got.isEmpty ? "none" : Hex.encode(got), wanted: Mismatch.oneOf(values.map { Hex.encode($0) }))
    ]
  }

  /// Whether this bundle widens the built-in strict rule at this place: by a TCB status and its advisories, by a service
  /// TD it pins, or by its one switch. Whether the platform meets what is named is checked here or by `mismatches`.
  func accepts(_ refusal: Refusal, of facts: TDXFacts, at now: Timestamp) -> Bool {
    switch refusal.code {
    case .tcbNotUpToDate: acceptedTCB.contains { $0.isMet(by: facts, at: now) }
    case .migrationAllowed: serviceTDs?.contains(facts.mrServiceTD) ?? false
    case .serviceTDBound: refusal.field == "mrServiceTD" && (serviceTDs?.contains(facts.mrServiceTD) ?? false)
    case .septVEEnabled: acceptingSEPTVE
    default: false
    }
  }
}
