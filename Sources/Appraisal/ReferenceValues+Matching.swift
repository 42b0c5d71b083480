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
    let general = revocationMismatches(facts)
    let judged = bundles.keys.sorted().map { name in (name: name, found: mismatches(facts, name, at: now)) }
    let accepted = general.isEmpty ? judged.filter { $0.found.isEmpty }.map(\.name) : []
    let order = judged.sorted { ($0.found.count, $0.name) < ($1.found.count, $1.name) }
    return (accepted, Denial(nearest: order.first?.name, mismatches: general + order.flatMap(\.found)))
  }

  /// Every difference between a platform and one bundle.
  private func mismatches(_ facts: Facts, _ name: String, at now: Timestamp) -> [Mismatch] {
    guard let bundle = bundles[name]?.bundle else { return [] }
    var found = validity(bundle, at: now) + strictMismatches(facts, bundle)
    if facts.isSimulated && !bundle.acceptingSimulatedEvidence {
      found.append(Mismatch(.simulatedEvidence, "simulated", got: "true", wanted: "false"))
    }
    switch facts.platform {
    case .snp(let snp): found += bundle.snp.mismatches(snp)
    }
    return found.map { Mismatch($0.code, $0.field, got: $0.got, wanted: $0.wanted, bundle: name) }
  }

  private func validity(_ bundle: ReferenceBundle, at now: Timestamp) -> [Mismatch] {
    var found: [Mismatch] = []
    if revocations.contains(.bundle(bundle.name)) {
      found.append(Mismatch(.bundleRevoked, "bundle", got: "revoked", wanted: "in force"))
    }
    if let notBefore = bundle.notBefore, now < notBefore {
      found.append(Mismatch(.bundleNotYetValid, "notBefore", got: now.rfc3339, wanted: "from \(notBefore.rfc3339)"))
    }
    if let notAfter = bundle.notAfter, now >= notAfter {
      found.append(Mismatch(.bundleExpired, "notAfter", got: now.rfc3339, wanted: "before \(notAfter.rfc3339)"))
    }
    return found
  }

  /// The built-in strict rule. A bundle widens it in one place: it may name a VMPL other than 0, since it always pins the
  /// measurement; whether the report's VMPL is one it names is the bundle's own check.
  private func strictMismatches(_ facts: Facts, _ bundle: ReferenceBundle) -> [Mismatch] {
    facts.strictRefusals.compactMap { refusal in
      let code = Mismatch.Code(rawValue: refusal.code.rawValue) ?? .strictRule
      if code == .vmplNotZero && bundle.snp.vmpls != [0] { return nil }
      return Mismatch(code, refusal.field ?? "", got: refusal.got ?? "", wanted: refusal.wanted ?? "")
    }
  }

  /// Revocations that hold whatever the bundle.
  private func revocationMismatches(_ facts: Facts) -> [Mismatch] {
    var found: [Mismatch] = []
    if revocations.contains(.everything) {
      found.append(Mismatch(.everythingRevoked, "everything", got: "revoked", wanted: "in force"))
    }
    switch facts.platform {
    case .snp(let snp):
      if revocations.contains(.measurement(snp.measurement)) {
        found.append(
          Mismatch(.measurementRevoked, "measurement", got: Hex.encode(snp.measurement), wanted: "not revoked"))
      }
      if revocations.contains(.chip(snp.chipID)) {
        found.append(Mismatch(.chipRevoked, "chipID", got: Hex.encode(snp.chipID), wanted: "not revoked"))
      }
      if revocations.contains(.product(snp.product)) {
        found.append(Mismatch(.productRevoked, "product", got: snp.product.rawValue, wanted: "not revoked"))
      }
    }
    return found
  }
}
