package import Bytes
import Cryptography
package import KBSProtocol
package import Verification

/// Everything that quorums have brought into force: bundles, rules, revocations and the quorum itself. A value.
///
/// The sum of the statements taken so far: applying the same statements again, in order, gives an equal value. Its epoch
/// rises by one with each.
package struct ReferenceValues: Equatable, Sendable {
  /// The last statement of a chain.
  package struct Head: Equatable, Sendable {
    package let version: UInt64
    /// SHA-256 of the statement's text.
    package let digest: [UInt8]
  }

  package struct ActiveBundle: Equatable, Sendable {
    package let bundle: ReferenceBundle
    package let version: UInt64
    /// SHA-256 of the canonical body.
    package let digest: [UInt8]
  }

  package struct ActiveAdvisories: Equatable, Sendable {
    package let table: AdvisoryTable
    package let version: UInt64
    /// SHA-256 of the canonical body: what leaves of the log call `advisory_table`.
    package let digest: [UInt8]
  }

  package struct ActiveException: Equatable, Sendable {
    package let exception: ManifestException
    package let version: UInt64
    /// SHA-256 of the canonical body.
    package let digest: [UInt8]
  }

  package static let exceptionLimit = 256
  package static let bundleLimit = 1024
  package static let ruleLimit = 4096
  package static let revocationLimit = 4096

  package internal(set) var epoch: UInt64 = 0
  /// `nil` when nobody was made an approver: then no statement can ever be taken.
  package internal(set) var quorum: ApproverQuorum?
  package internal(set) var bundles: [String: ActiveBundle] = [:]
  package internal(set) var rules: [ResourcePath: ResourceRule] = [:]
  package internal(set) var revocations = Set<RevocationScope>()
  /// Who may break the glass; `nil` when nobody may.
  package internal(set) var breakGlassQuorum: ApproverQuorum?
  /// The newest grant of each resource, also after its time.
  package internal(set) var grants: [ResourcePath: ActiveGrant] = [:]
  /// The newest grace of each vendor, also after its time.
  package internal(set) var graces: [CollateralGrace.Vendor: CollateralGraceStatement] = [:]
  /// Makes the digest unguessable for whoever knows every name; only where the log keeps names private.
  let salt: [UInt8]?
  /// `nil` until the quorum has signed one.
  package internal(set) var advisories: ActiveAdvisories?
  /// By what they are about; those that have ended among them.
  package internal(set) var exceptions: [String: ActiveException] = [:]
  var heads: [String: Head] = [:]

  /// The state after `init`: nothing is accepted.
  package init(quorum: ApproverQuorum?, breakGlass: ApproverQuorum? = nil, salt: [UInt8]? = nil) {
    self.quorum = quorum
    breakGlassQuorum = breakGlass
    self.salt = salt
  }

  /// What every chain stands at: `{"<kind> <scope>":{"version","digest"}}`, sorted.
  package var chains: JSONValue {
    .object(
      heads.sorted { $0.key < $1.key }.map { chain, head in
        (chain, JSONValue.object([("version", .int(head.version)), ("digest", .string(Hex.encode(head.digest)))]))
      })
  }

  /// The scopes of all statements that were ever taken.
  package var scopes: [String] {
    Set(heads.keys.map { String($0.drop { $0 != " " }.dropFirst()) }).sorted()
  }

  /// What a chain stands at, for whoever proposes its next statement.
  package func head(of kind: ReferenceStatement.Kind, scope: String) -> Head? {
    heads[ReferenceStatement.chain(kind, scope)]
  }

  /// SHA-256 over everything that decides: what leaves of the log call `refvalues`.
  package var digest: [UInt8] { Hash.sha256.digest(CanonicalJSON.encode(document)) }
}
