import Bytes
import Evidence
import Verification

extension ReferenceValues {
  /// How a platform stands against every bundle in force.
  func match(_ facts: Facts, at now: Timestamp) -> (accepted: [String], denial: Denial) {
    guard !bundles.isEmpty else {
      let none = Mismatch(.noReferenceValues, "bundles", got: "none", wanted: "at least one bundle in force")
      return ([], Denial(nearest: nil, mismatches: [none]))
    }
    let general = revocationMismatches(facts) + advisoryMismatches(facts, at: now)
    let judged = bundles.keys.sorted().map { name in (name: name, found: mismatches(facts, name, at: now)) }
    let accepted =
      general.isEmpty ? judged.filter { $0.found.isEmpty }.map(\.name) + brokenGlass(for: facts, at: now) : []
    let order = judged.sorted { ($0.found.count, $0.name) < ($1.found.count, $1.name) }
    return (accepted, Denial(nearest: order.first?.name, mismatches: general + order.flatMap(\.found)))
  }

  /// Every difference between a platform and one bundle.
  func mismatches(_ facts: Facts, _ name: String, at now: Timestamp) -> [Mismatch] {
    guard let active = bundles[name] else { return [] }
    let bundle = active.bundle
    var found = validity(active, at: now) + strictMismatches(facts, bundle, at: now)
    if facts.isSimulated && !bundle.acceptingSimulatedEvidence {
      found.append(Mismatch(.simulatedEvidence, "simulated", got: "true", wanted: "false"))
    }
    found += platformMismatches(facts, bundle) + deviceMismatches(facts.devices, bundle, at: now)
    return found.map { Mismatch($0.code, $0.field, got: $0.got, wanted: $0.wanted, bundle: name) }
  }

  private func platformMismatches(_ facts: Facts, _ bundle: ReferenceBundle) -> [Mismatch] {
    let mismatches: [Mismatch]? =
      switch facts.platform {
      case .snp(let snp):
        bundle.snp.map { $0.mismatches(snp) + advisoryMismatches(snp, named: $0.requiredAdvisories) }
      case .tdx(let tdx): bundle.tdx?.mismatches(tdx)
      }
    let wanted = [bundle.snp == nil ? nil : "snp", bundle.tdx == nil ? nil : "tdx"].compactMap { $0 }
    return mismatches
      ?? [Mismatch(.teeNotInBundle, "tee", got: facts.tee.rawValue, wanted: Mismatch.oneOf(wanted))]
  }

  private func validity(_ active: ActiveBundle, at now: Timestamp) -> [Mismatch] {
    let bundle = active.bundle
    var found = [revocationMismatch(of: active)].compactMap { $0 }
    if let notBefore = bundle.notBefore, now < notBefore {
      found.append(Mismatch(.bundleNotYetValid, "notBefore", got: now.rfc3339, wanted: "from \(notBefore.rfc3339)"))
    }
    if let notAfter = bundle.notAfter, now >= notAfter {
      found.append(Mismatch(.bundleExpired, "notAfter", got: now.rfc3339, wanted: "before \(notAfter.rfc3339)"))
    }
    return found
  }

  /// The built-in strict rule, but for the places at which a bundle widens it by name.
  private func strictMismatches(_ facts: Facts, _ bundle: ReferenceBundle, at now: Timestamp) -> [Mismatch] {
    facts.strictRefusals.compactMap { refusal in
      let code = Mismatch.Code(rawValue: refusal.code.rawValue) ?? .strictRule
      let isAccepted: Bool? =
        switch facts.platform {
        case .snp: bundle.snp?.accepts(refusal)
        case .tdx(let tdx): bundle.tdx?.accepts(refusal, of: tdx, at: now)
        }
      if isAccepted == true { return nil }
      return Mismatch(code, refusal.field ?? "", got: refusal.got ?? "", wanted: refusal.wanted ?? "")
    }
  }
}
