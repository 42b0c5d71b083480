import Appraisal
import Bytes
import KBSProtocol

/// What administrators are shown of the registry.
extension ReferenceValues {
  func listing(at now: Timestamp) -> JSONValue {
    let shownBundles = bundles.values.sorted { $0.bundle.name < $1.bundle.name }.map(Self.row)
    return .object([
      ("epoch", .int(epoch)), ("digest", .string(Hex.encode(digest))),
      ("quorum", quorum?.document ?? .null), ("breakGlassQuorum", breakGlassQuorum?.document ?? .null),
      ("breakGlass", .array(activeGrants(at: now).map(Self.row))),
      ("collateralGrace", .array(activeGraces(at: now).map(\.document))), ("bundles", .array(shownBundles)),
      ("rules", .array(rules.values.sorted { $0.resource < $1.resource }.map(\.document))),
      ("revocations", .strings(revocations.map(\.text).sorted())),
      ("advisories", advisories.map(Self.row) ?? .null),
      ("exceptions", .array(exceptions.sorted { $0.key < $1.key }.map { $0.value.exception.document })),
      ("chains", chains),
    ])
  }

  private static func row(_ active: ActiveAdvisories) -> JSONValue {
    .object([
      ("version", .int(active.version)), ("digest", .string(Hex.encode(active.digest))),
      ("dated", .string(active.table.dated.rfc3339)), ("document", active.table.document),
    ])
  }

  private static func row(_ active: ActiveBundle) -> JSONValue {
    .object([
      ("name", .string(active.bundle.name)), ("workload", .string(active.bundle.workload)),
      ("version", .int(active.version)), ("digest", .string(Hex.encode(active.digest))),
      ("notAfter", active.bundle.notAfter.map { .string($0.rfc3339) } ?? .null),
      ("openEnds", .strings(active.bundle.openEnds)),
    ])
  }

  private static func row(_ active: ActiveGrant) -> JSONValue {
    .object([
      ("resource", .string(active.grant.resource.text)),
      ("measurement", .string(Hex.encode(active.grant.measurement))), ("until", .string(active.until.rfc3339)),
      ("reason", .string(active.grant.reason)),
    ])
  }

  /// The bundle of that name as it was signed.
  func showing(_ name: String) -> JSONValue? {
    guard let active = bundles[name] else { return nil }
    return .object([
      ("version", .int(active.version)), ("digest", .string(Hex.encode(active.digest))),
      ("revoked", .bool(revocations.contains(.bundle(name)))), ("bundle", active.bundle.document),
    ])
  }

  /// How many approvers there are and how many must sign; a single one is said as such.
  var quorumDescription: JSONValue {
    guard let quorum else { return .object([("approvers", 0), ("threshold", .null)]) }
    return .object([
      ("approvers", .int(quorum.approvers.count)), ("threshold", .int(quorum.threshold)),
      ("singleApprover", .bool(quorum.threshold == 1)),
    ])
  }

  /// Whether a key may be bound to the bundle: it is in force, not revoked, and does not list other resources only.
  func mayBind(_ resource: ResourcePath, to bundle: String) -> Bool {
    guard let active = bundles[bundle], !revocations.contains(.bundle(bundle)) else { return false }
    return active.bundle.resources?.contains(resource) ?? true
  }
}
