import Bytes

extension RuleBook {
  /// Holds a decision against the values, revocations and registrations before it.
  mutating func decision(_ entry: LogEntry) -> [Finding] {
    var found: [Finding] = []
    func say(_ rule: Finding.Rule, _ detail: String) { found.append(Finding(rule, at: entry.index, detail)) }
    if entry.isAttestation, let challenge = entry.text("challenge") {
      if challenges[challenge] != nil { say(.challengeReused, challenge) }
      challenges[challenge] = entry.time
    }
    guard entry.isAllowed else { return found }
    let cited = entry.text("refvalues")
    if let values, cited != values {
      let wasInForce = cited.map { formerValues.contains($0) } ?? false
      say(wasInForce ? .valuesSuperseded : .valuesUnlogged, cited ?? "none")
    } else if position.changes == 0 {
      say(.valuesUnlogged, cited ?? "none")
    }
    for scope in revocations.sorted() where Self.matches(scope, entry) { say(.revoked, scope) }
    if entry.isRelease { found += release(entry) }
    if entry.isAttestation, let evidence = entry.text("evidence") { self.evidence[evidence] = entry.time }
    return found
  }

  private func release(_ entry: LogEntry) -> [Finding] {
    var found: [Finding] = []
    let name = entry.text("resource") ?? ""
    let registered = resources[name]
    if registered?.isPresent != true || registered?.version != entry.resourceVersion
      || !entry.texts("bundles").contains(registered?.bundle ?? "")
    {
      found.append(Finding(.resourceUnregistered, at: entry.index, name))
    }
    let judged = entry.text("evidence").map { evidence[$0] != nil } ?? false
    if !judged { found.append(Finding(.evidenceUnjudged, at: entry.index, entry.text("evidence") ?? "none")) }
    return found
  }

  /// Whether the log says enough of a decision to tell that the revocation matches it.
  static func isCheckable(_ scope: String) -> Bool {
    ["everything", "bundle", "measurement", "resource", "product"].contains { scope == $0 || scope.hasPrefix($0 + "/") }
  }

  static func matches(_ scope: String, _ entry: LogEntry) -> Bool {
    guard let slash = scope.firstIndex(of: "/") else { return scope == "everything" }
    let value = String(scope[scope.index(after: slash)...])
    switch scope[..<slash] {
    case "bundle": return entry.texts("bundles").contains(value)
    case "measurement": return entry.measurements.contains(value)
    case "resource": return entry.text("resource") == value
    case "product": return entry.leaf["tcb"]?["product"]?.stringValue == value
    default: return false
    }
  }
}
