import Appraisal
import Bytes
import Replay
import Terminal
import TransparencyLog
import Verification

/// `vouchsafe policy what-if`: the decisions of a log as they would have come out with another bundle in force, or with
/// other collateral at hand.
enum PolicyWhatIf {
  static let command = Command(
    "policy what-if", "which logged decisions another bundle, or other collateral, would have turned round, and why",
    options: [
      Option("--bundle", value: "FILE", "the bundle to suppose, in place of one of its name; notBefore is passed over"),
      Option(
        "--collateral", value: "DIR", repeats: true,
        "the collateral to suppose, in place of what it replaces: a preview of a TCB recovery"),
      Option(
        "--baseline", value: "DIR", repeats: true, "the collateral to compare with (default: what each decision had)"),
      Option("--at", value: "TIME", "RFC 3339; when to verify with it (default: then, or when it comes into force)"),
      AuditReplay.log, AuditReplay.evidence, AuditOptions.vkey, AuditOptions.policy, AuditOptions.ca,
      AuditOptions.openings, .output,
    ],
    example: "vouchsafe policy what-if --collateral ./next --log ./log --evidence ./evidence --vkey log.vkey",
    run: { try await run($0) })

  /// What is supposed.
  private enum Change {
    case bundle(ReferenceBundle)
    case collateral(Endorsements, baseline: Endorsements?, at: Timestamp?)

    func supposition(_ found: Examination) throws(ParseError) -> Supposition? {
      switch self {
      case .bundle(let bundle):
        try Supposition(found) { values throws(ParseError) in try values.supposing(bundle) }
      case .collateral(let supposed, let baseline, let time):
        Supposition(found, with: supposed, insteadOf: baseline, at: time)
      }
    }
  }

  static func run(_ arguments: Arguments) async throws(Failure) -> ExitCode {
    _ = try arguments.positional()
    let place = try arguments.required("--log")
    let format = try arguments.output()
    let change = try change(arguments)
    let auditor = Auditor(key: try AuditOptions.key(arguments), policy: try AuditOptions.policy(arguments))
    var source = try AuditOptions.source(place, arguments)
    var blobs = try EvidenceFolder(try arguments.required("--evidence"))
    let openings = try AuditReveal.openings(arguments)
    var tally = WhatIfTally()
    do {
      var examiner = Examiner(openings: openings)
      _ = try await auditor.audit(&source) { entry, index in
        let found = try await examiner.examine(entry, at: index, &blobs)
        guard let decision = found.leaf.decision else { return }
        tally.take(index, decision, try change.supposition(found))
      }
    } catch let error as ParseError {
      throw AuditReplay.unreadable(error, place)
    } catch { throw AuditOptions.failure(error, place) }
    tally.show(format)
    return .ok
  }

  private static func change(_ arguments: Arguments) throws(Failure) -> Change {
    let folders = arguments.values("--collateral")
    switch (arguments.value("--bundle"), folders.isEmpty) {
    case (let path?, true):
      guard arguments.values("--baseline").isEmpty, arguments.value("--at") == nil else {
        throw Failure(.usage, "policy what-if: --baseline and --at go with --collateral")
      }
      return .bundle(try bundle(path))
    case (nil, false):
      let baseline = arguments.values("--baseline")
      return .collateral(
        try endorsements(folders), baseline: baseline.isEmpty ? nil : try endorsements(baseline),
        at: try time(arguments))
    default: throw Failure(.usage, "policy what-if: give --bundle FILE or --collateral DIR, one of them")
    }
  }

  private static func endorsements(_ paths: [String]) throws(Failure) -> Endorsements {
    let bag = try CollateralBag(paths: paths)
    let found = bag.endorsements
    guard !found.certificates.isEmpty || !found.revocationLists.isEmpty || !found.documents.isEmpty else {
      throw Failure(.usage, "\(paths.joined(separator: ", ")): no collateral is recognised there")
    }
    return found
  }

  private static func time(_ arguments: Arguments) throws(Failure) -> Timestamp? {
    guard let text = arguments.value("--at") else { return nil }
    do throws(ParseError) { return try Timestamp(rfc3339: text) } catch {
      throw Failure(.usage, "--at \(text): not a time; write it as 2026-01-02T03:04:05Z")
    }
  }

  private static func bundle(_ path: String) throws(Failure) -> ReferenceBundle {
    let bytes = try Console.readFile(path, limit: 8 * ReferenceStatement.bodyLimitBytes)
    do throws(ParseError) { return try ReferenceBundle(parsing: bytes) } catch {
      throw Failure(.malformed, "\(path): not a reference bundle: \(error)")
    }
  }
}
