import Bytes

/// What the entries of a log show of the controls that a broker is asked for. Gathers entry by entry; a control that the log
/// cannot prove says "not covered" rather than nothing.
package struct ControlReport: Sendable {
  /// What an entry can be evidence of.
  enum Mark: Hashable {
    case decision, attestation, allowedAttestation, release, denial, summary, registration, change, rollForward
    case rotation, retirement, start, newBuild, revocation, pardon, breakGlass, simulated
    case snp, tdx, gpu, measured, bound
  }

  private(set) var marks: [Mark: IndexSample] = [:]
  private(set) var breaches: [Finding.Rule: IndexSample] = [:]
  /// Entries with members outside the schema: something that should not be in a log might be.
  private(set) var foreign = IndexSample()
  private(set) var size: UInt64 = 0
  private var build: String?

  package init() {}

  package mutating func add(_ entry: LogEntry, _ findings: [Finding]) {
    size = entry.index + 1
    for finding in findings { breaches[finding.rule, default: IndexSample()].add(finding.index) }
    if !Self.members.isSuperset(of: entry.leaf.objectValue?.keys ?? []) { foreign.add(entry.index) }
    for mark in Self.marks(of: entry) { marks[mark, default: IndexSample()].add(entry.index) }
    if let now = entry.text("build") {
      if let build, build != now { marks[.newBuild, default: IndexSample()].add(entry.index) }
      build = now
    }
  }

  private static func marks(of entry: LogEntry) -> [Mark] {
    var marks: [Mark] = entry.isSimulated ? [.simulated] : []
    switch entry.type {
    case "decision": marks += decisionMarks(of: entry)
    case "deny-summary": marks.append(.summary)
    case "config": marks.append(.start)
    case "break-glass": marks.append(.breakGlass)
    default: break
    }
    if entry.change != nil { marks.append(.change) }
    let version: UInt64 = entry.leaf["version"]?.integer() ?? 0
    switch (entry.change, entry.text("kind")) {
    case ("statement", "reference"): marks += [.registration] + (version > 1 ? [.rollForward] : [])
    case ("statement", "revoke"): marks.append(.revocation)
    case ("statement", "unrevoke"): marks.append(.pardon)
    case ("put", _): marks += [.bound] + ((entry.resourceVersion ?? 1) > 1 ? [.rotation] : [])
    case ("delete", _): marks.append(.retirement)
    default: break
    }
    return marks
  }

  private static func decisionMarks(of entry: LogEntry) -> [Mark] {
    var marks: [Mark] = [.decision]
    if entry.isAttestation { marks.append(.attestation) }
    if entry.isAttestation, entry.isAllowed {
      marks.append(.allowedAttestation)
      if !entry.texts("bundles").isEmpty, !entry.measurements.isEmpty { marks.append(.measured) }
    }
    if entry.isRelease { marks.append(.release) }
    if !entry.isAllowed { marks.append(.denial) }
    let tee = entry.texts("tee")
    if tee.contains(where: { $0.contains("snp") }) { marks.append(.snp) }
    if tee.contains(where: { $0.contains("tdx") }) { marks.append(.tdx) }
    if tee.contains("nvgpu") { marks.append(.gpu) }
    return marks
  }

  /// Every member that an entry may have. Values are codes, digests, names of ours, numbers and times.
  static let members: Set<String> = [
    "v", "type", "time", "node", "build", "epoch", "sim", "registry", "result", "reasons", "bundles", "refvalues",
    "explanation", "for", "resource", "resource_version", "kek", "tee", "measure", "tcb", "tee_key", "challenge",
    "evidence", "collateral", "initdata", "platform", "policy", "advisory_table", "client", "prev_epoch", "approvers",
    "anchors", "bound", "attestation", "log_dropped_bytes", "change", "statement", "kind", "scope", "version", "bundle",
    "record", "collateral_as_of",
  ]
}
