import Bytes
import Evidence

/// How a platform stands to the advisories in force.
extension AdvisoryTable {
  /// What the table holds against a platform whatever the bundle: a processor it does not know, and what it has confirmed
  /// of advisories that bind everybody.
  func mismatches(_ facts: SNPFacts, at now: Timestamp) -> [Mismatch] {
    if let notAfter, now >= notAfter {
      return [
        Mismatch(.advisoryTableExpired, "advisories", got: now.rfc3339, wanted: "before \(notAfter.rfc3339)")
      ]
    }
    guard let cpu = name(of: facts.cpu) else { return [unknown(facts)] }
    return advisories.filter { $0.enforced == .always }.flatMap { advisory in
      advisory.mismatches(facts, cpu: cpu, named: false)
    }
  }

  /// What stands against a platform for a bundle that names these advisories: everything that the table says of them,
  /// confirmed or not.
  func mismatches(_ facts: SNPFacts, naming ids: [String]) -> [Mismatch] {
    guard let cpu = name(of: facts.cpu) else { return [unknown(facts)] }
    return ids.flatMap { id in
      advisory(id)?.mismatches(facts, cpu: cpu, named: true)
        ?? [Mismatch(.advisoryUnknown, "advisories.\(id)", got: "not in the table in force", wanted: id)]
    }
  }

  /// Without a CPUID (report version 2) nothing can be looked up.
  private func unknown(_ facts: SNPFacts) -> Mismatch {
    Mismatch(
      .cpuUnknown, "cpu", got: facts.cpu?.text ?? "none, report version \(facts.reportVersion)",
      wanted: Mismatch.oneOf(cpus.map { "\($0.identity.text) (\($0.name))" }))
  }
}

extension Advisory {
  func mismatches(_ facts: SNPFacts, cpu: String, named: Bool) -> [Mismatch] {
    let field = "advisories.\(id)"
    guard let ruling = rulings[cpu] else {
      // For those who asked, not knowing is no pass; for the others there is nothing to hold.
      return named ? [Mismatch(.advisoryUnknown, field, got: "nothing about \(cpu)", wanted: "a rule for \(cpu)")] : []
    }
    switch ruling {
    case .notAffected: return []
    case .deny(let source):
      guard named || source.isConfirmed else { return [] }
      return [Mismatch(.advisoryUnmet, field, got: cpu, wanted: "another processor")]
    case .require(let clauses):
      return clauses.filter { named || $0.isConfirmed }.compactMap { clause in
        clause.shortfall(facts).map {
          Mismatch(.advisoryUnmet, "\(field).\($0.field)", got: $0.got, wanted: $0.wanted)
        }
      }
    }
  }
}

extension ReferenceValues {
  /// What the table in force says about the platform, and what no table can say.
  func advisoryMismatches(_ facts: Facts, at now: Timestamp) -> [Mismatch] {
    guard case .snp(let snp) = facts.platform, let advisories else { return [] }
    return advisories.table.mismatches(snp, at: now)
  }

  func advisoryMismatches(_ snp: SNPFacts, named ids: [String]?) -> [Mismatch] {
    guard let ids else { return [] }
    guard let advisories else {
      return [Mismatch(.advisoryTableMissing, "advisories", got: "none", wanted: "a table that the quorum signed")]
    }
    return advisories.table.mismatches(snp, naming: ids)
  }
}
