import Bytes

/// The rules that the entries of a whole log keep, in order from the first. A value that is kept between two looks at a
/// growing log.
package struct RuleBook: Equatable, Sendable {
  /// Decisions are forgotten for `evidenceUnjudged` and `challengeReused` after this: sessions live an hour at most.
  static let memory = Duration.seconds(2 * 3600)
  static let clockTolerance = Duration.seconds(60)
  static let knownTypes: Set<String> = [
    "decision", "deny-summary", "policy", "refvalues", "resource", "key-rotate", "revoke", "advisories", "break-glass",
    "config", "epoch", "clock", "collateral-grace",
  ]

  /// The index that the next entry must have.
  package internal(set) var next: UInt64 = 0
  var epoch: String?
  var time: Timestamp?
  var position = LogEntry.Position(changes: 0, last: nil)
  /// Digest of the reference values in force, and every one before it; `nil` when the log does not say.
  var values: String?
  var formerValues: Set<String> = []
  var revocations: Set<String> = []
  var resources: [String: Resource] = [:]
  /// Evidence that was judged acceptable, and challenges that were answered, with the time.
  var evidence: [String: Timestamp] = [:]
  var challenges: [String: Timestamp] = [:]

  struct Resource: Equatable, Sendable {
    var version: UInt64
    var bundle: String
    var isPresent: Bool
  }

  package init() {}

  /// Holds the next entry against everything before it, and remembers it.
  package mutating func check(_ bytes: [UInt8], acceptingSimulated: Bool) -> [Finding] {
    let index = next
    next += 1
    let entry: LogEntry
    do throws(ParseError) { entry = try LogEntry(parsing: bytes, at: index) } catch {
      return [Finding(.malformed, at: index, "\(error)")]
    }
    var found = common(entry, acceptingSimulated)
    if entry.isDecision { found += decision(entry) }
    if entry.change != nil { found += change(entry) }
    forget(before: entry.time)
    return found
  }

  private mutating func common(_ entry: LogEntry, _ acceptingSimulated: Bool) -> [Finding] {
    var found: [Finding] = []
    func say(_ rule: Finding.Rule, _ detail: String) { found.append(Finding(rule, at: entry.index, detail)) }
    if entry.index == 0, entry.type != "config" { say(.beginning, "the log begins with \(entry.type)") }
    if !Self.knownTypes.contains(entry.type) { say(.typeUnknown, entry.type) }
    if entry.isSimulated, !acceptingSimulated { say(.simulated, "sim is true") }
    if let time, entry.type != "clock", entry.time.adding(Self.clockTolerance) < time {
      say(.timeBackwards, "\(entry.time.rfc3339) after \(time.rfc3339)")
    }
    if let epoch, epoch != entry.epoch, entry.type != "epoch" { say(.epochChanged, "\(entry.epoch) after \(epoch)") }
    if entry.registry != position {
      say(.registryChain, "says \(Self.text(entry.registry)) where the log has \(Self.text(position))")
    }
    time = entry.time
    epoch = entry.epoch
    return found
  }

  static func text(_ position: LogEntry.Position) -> String {
    "\(position.changes) changes, the last \(position.last.map { "at \($0)" } ?? "none")"
  }

  /// Takes up a change of the registry.
  private mutating func change(_ entry: LogEntry) -> [Finding] {
    position = LogEntry.Position(changes: position.changes + 1, last: entry.index)
    var found: [Finding] = []
    if let before = values { formerValues.insert(before) }
    values = entry.text("refvalues")
    if values == nil { found.append(Finding(.valuesUncheckable, at: entry.index, "no refvalues in the change")) }
    let scope = entry.text("scope") ?? ""
    switch (entry.change, entry.text("kind")) {
    case ("statement", "revoke"):
      revocations.insert(scope)
      if !Self.isCheckable(scope) { found.append(Finding(.revocationUncheckable, at: entry.index, scope)) }
    case ("statement", "unrevoke"): revocations.remove(scope)
    case ("put", _): put(entry)
    case ("delete", _):
      if let resource = entry.text("resource") { resources[resource]?.isPresent = false }
    default: break
    }
    return found
  }

  private mutating func put(_ entry: LogEntry) {
    guard let resource = entry.text("resource"), let version = entry.resourceVersion else { return }
    resources[resource] = Resource(version: version, bundle: entry.text("bundle") ?? "", isPresent: true)
  }

  private mutating func forget(before now: Timestamp) {
    let horizon = now.adding(.zero - Self.memory)
    if let oldest = evidence.values.min(), oldest < horizon { evidence = evidence.filter { $0.value >= horizon } }
    if let oldest = challenges.values.min(), oldest < horizon { challenges = challenges.filter { $0.value >= horizon } }
  }
}
