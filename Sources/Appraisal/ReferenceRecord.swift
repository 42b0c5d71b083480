import Bytes
import Cryptography
import KBSProtocol
import Verification

/// Reference values as they are kept beside the decisions made with them: two documents, and the bodies that they name.
///
/// `refvalues`: `{"schema":"vouchsafe/refvalues/v1","epoch","quorum","heads","bundles":{name:{"version","sha256"}},
/// "advisories":{"version","sha256"},"revocations"}`, and only where there are any `"breakGlassQuorum"`,
/// `"breakGlass":[grant with its end]`, `"exceptions":{scope:{"version","sha256"}}` and `"collateralGrace":[statement]`;
/// `policy`: `{"schema":"vouchsafe/policy/v1","rules":{resource:sha256}}`. Both have `"salt"` (HEX) where the log keeps names
/// private. Canonical JSON, content-addressed.
package struct ReferenceRecord: Equatable, Sendable {
  package static let schema = "vouchsafe/refvalues/v1"
  package static let policySchema = "vouchsafe/policy/v1"

  package let document: [UInt8]
  package let policy: [UInt8]
  /// The canonical bodies of bundles, rules and the table of advisories.
  package let bodies: [[UInt8]]
  /// SHA-256 of the two documents: what leaves call `refvalues` and `policy`.
  package let digest: [UInt8]
  package let policyDigest: [UInt8]
  /// SHA-256 of the body of the table of advisories in force.
  package let advisoriesDigest: [UInt8]?

  package init(_ values: ReferenceValues) {
    document = CanonicalJSON.encode(values.document)
    policy = CanonicalJSON.encode(values.policyDocument)
    bodies =
      values.bundles.values.map { CanonicalJSON.encode($0.bundle.document) }
      + values.rules.values.map { CanonicalJSON.encode($0.document) }
      + (values.advisories.map { [CanonicalJSON.encode($0.table.document)] } ?? [])
      + values.exceptions.values.map { CanonicalJSON.encode($0.exception.document) }
    digest = Hash.sha256.digest(document)
    policyDigest = Hash.sha256.digest(policy)
    advisoriesDigest = values.advisories?.digest
  }

  /// Everything that is stored.
  package var blobs: [[UInt8]] { bodies + [document, policy] }
}

extension ReferenceValues {
  /// Heads name the statements' digests, which cover their bodies, rules among them.
  var document: JSONValue {
    func body(_ version: UInt64, _ digest: [UInt8]) -> JSONValue {
      .object([("version", .int(version)), ("sha256", .string(Hex.encode(digest)))])
    }
    let active = bundles.values.sorted { $0.bundle.name < $1.bundle.name }.map { active in
      (active.bundle.name, body(active.version, active.digest))
    }
    var document = JSONObject([
      ("schema", .string(ReferenceRecord.schema)), ("epoch", .int(epoch)), ("quorum", quorum?.document ?? .null),
      ("heads", chains), ("bundles", .object(active)),
      ("advisories", advisories.map { body($0.version, $0.digest) } ?? .null),
      ("revocations", .strings(revocations.map(\.text).sorted())),
    ])
    document["breakGlassQuorum"] = breakGlassQuorum?.document
    if !grants.isEmpty {
      document["breakGlass"] = .array(grants.sorted { $0.key < $1.key }.map(\.value.document))
    }
    if !exceptions.isEmpty {
      let active = exceptions.sorted { $0.key < $1.key }.map { ($0.key, body($0.value.version, $0.value.digest)) }
      document["exceptions"] = .object(active)
    }
    if !graces.isEmpty {
      document["collateralGrace"] = .array(
        graces.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value.document))
    }
    document["salt"] = saltText
    return .object(document)
  }

  /// Only where the log keeps names private.
  private var saltText: JSONValue? { salt.map { .string(Hex.encode($0)) } }

  var policyDocument: JSONValue {
    let digests = rules.sorted { $0.key < $1.key }.map { path, rule in
      (path.text, JSONValue.string(Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(rule.document)))))
    }
    var document = JSONObject([("schema", .string(ReferenceRecord.policySchema)), ("rules", .object(digests))])
    document["salt"] = saltText
    return .object(document)
  }
}
