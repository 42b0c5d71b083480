package import Bytes

/// What a rule says about one entry.
package struct Finding: Equatable, Sendable {
  /// Stable; `isViolation` says which of them mean that the log must not be relied on.
  package enum Rule: String, Sendable, CaseIterable {
    case malformed
    /// The first entry is not the one that names the approvers.
    case beginning
    /// More than a minute earlier than the entry before it, and no entry says that the clock was set.
    case timeBackwards
    /// The log's epoch is another one, and no entry links them.
    case epochChanged
    /// The entry says another history of registry changes than the log has.
    case registryChain
    /// An allowing decision cites reference values that no earlier entry put into force.
    case valuesUnlogged
    /// An allowing decision cites reference values that were in force once.
    case valuesSuperseded
    /// An allowing decision stands after a revocation that matches it.
    case revoked
    /// A key left that no earlier entry registered, or of another version or bundle.
    case resourceUnregistered
    /// A key left for evidence that no earlier entry judged acceptable.
    case evidenceUnjudged
    /// Two attestations answered one challenge.
    case challengeReused
    /// An input was simulated, and the auditor did not say that this may be.
    case simulated
    // what is only said
    /// An entry of a type that this program does not know.
    case typeUnknown
    /// A revocation in force whose match cannot be told from the log.
    case revocationUncheckable
    /// A change that does not say which values it puts into force: citing them cannot be checked.
    case valuesUncheckable

    package var isViolation: Bool {
      switch self {
      case .typeUnknown, .revocationUncheckable, .valuesUncheckable: false
      default: true
      }
    }
  }

  package let rule: Rule
  package let index: UInt64
  /// Of our own words and of values that the log holds.
  package let detail: String

  package init(_ rule: Rule, at index: UInt64, _ detail: String) {
    self.rule = rule
    self.index = index
    self.detail = detail
  }

  package var json: JSONValue {
    .object([
      ("finding", .string(rule.rawValue)), ("violation", .bool(rule.isViolation)), ("index", .int(index)),
      ("detail", .string(detail)),
    ])
  }
}
