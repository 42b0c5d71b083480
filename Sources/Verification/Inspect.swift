package import Bytes
package import Evidence

/// What a person sees of evidence: every check and what came of it. Never `Claims`: nothing can be released by it.
package struct Inspection: Sendable, Equatable {
  package let tee: TEE
  package let checks: [CheckResult]
  /// What the verdict rests on; `nil` for `verified`.
  package let refusal: Refusal?
  package let simulated: Bool
  /// What the evidence states; `nil` unless it is proved.
  package let claims: JSONValue?
  /// Checks that were left out on request, and revocation where there was no list to ask.
  package let skipped: [CheckName]

  package var isVerified: Bool { refusal == nil }
}

/// Runs every check it can and shows all of them.
///
/// - Parameters:
///   - reportData: 64 bytes; `nil` leaves the binding unjudged, which the result says.
///   - skipping: checks to leave out; only those that `isSkippable` are.
package func inspect(
  _ evidence: UnverifiedEvidence, with endorsements: Endorsements, reportData: [UInt8]?, anchors: Anchors,
  at now: Timestamp, skipping: Set<CheckName> = []
) -> Inspection {
  var record = InspectionRecord(skipping: skipping.filter(\.isSkippable))
  switch evidence {
  case .snp(let snp):
    let examination = SNPExamination(
      snp, endorsements, reportData: reportData, hostData: nil, anchors: anchors, now: now, floors: .none)
    return record.run(examination, of: .snp)
  case .tdx(let tdx):
    let examination = TDXExamination(
      tdx, endorsements, reportData: reportData, initData: nil, anchors: anchors, now: now, floors: .none)
    return record.run(examination, of: .tdx)
  case .nvidia(let nvidia):
    let examination = NVIDIAExamination(nvidia, endorsements, nonce: reportData, anchors: anchors, now: now)
    return record.run(examination, of: .nvidia)
  }
}

/// The results of an inspection while it runs.
private struct InspectionRecord {
  let skipping: Set<CheckName>
  var results: [CheckResult] = []
  var refusals: [Refusal] = []
  var isRevocationUnasked = false

  init(skipping: Set<CheckName>) { self.skipping = skipping }

  mutating func run<Kind: Examination>(_ start: Kind, of tee: TEE) -> Inspection {
    var examination = start
    examination.explains = true
    examination.ignoresRevocation = skipping.contains(.revocation)
    for (name, check) in Kind.checks {
      if skipping.contains(name) {
        note(name, .skipped, "left out on request")
      } else {
        run(name, check, &examination)
      }
      // Judged or left out: the certificates' signatures are worth knowing either way.
      if name == .time, results.last?.outcome != .pass { examination.ignoresDates = true }
    }
    let claims = refusals.allSatisfy(\.genuine) ? examination.claims : nil
    if let claims { judge(claims, Kind.strictChecks) }
    if claims == nil, refusals.isEmpty { refusals.append(Refusal(.chainInvalid, "claims")) }
    return Inspection(
      tee: tee, checks: results, refusal: gravest, simulated: examination.isSimulated, claims: claims?.json,
      skipped: CheckName.allCases.filter(isSkipped))
  }

  private mutating func run<Kind: Examination>(
    _ name: CheckName, _ check: Kind.Check, _ examination: inout Kind
  ) {
    do throws(Refusal) {
      switch try check(&examination) {
      case .passed(let detail): note(name, .pass, detail)
      case .notApplicable(let detail):
        note(name, .skipped, detail)
        if name == .revocation { isRevocationUnasked = true }
      case .notReached: note(name, .skipped, "not reached")
      }
    } catch {
      note(name, .fail, error.description)
      refusals.append(error)
    }
  }

  private func isSkipped(_ name: CheckName) -> Bool {
    skipping.contains(name) || name == .revocation && isRevocationUnasked
  }

  private mutating func judge(_ claims: some ProvedStatement, _ names: [CheckName]) {
    let findings = claims.strictFindings
    for name in names {
      let own = findings.filter { $0.name == name }.map(\.refusal)
      if skipping.contains(name) {
        note(name, .skipped, "left out on request")
      } else {
        note(name, own.isEmpty ? .pass : .fail, own.map(\.description).joined(separator: "; "))
        refusals += own
      }
    }
  }

  private mutating func note(_ name: CheckName, _ outcome: CheckResult.Outcome, _ detail: String) {
    results.append(CheckResult(name: name, outcome: outcome, detail: detail))
  }

  /// Forged outweighs missing, missing outweighs stale, and only what is proved can be unacceptable.
  private var gravest: Refusal? {
    for kind in [Refusal.Kind.malformed, .invalid, .missing, .stale, .unacceptable] {
      if let refusal = refusals.first(where: { $0.code.kind == kind }) { return refusal }
    }
    return nil
  }
}
