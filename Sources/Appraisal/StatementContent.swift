package import Bytes
import KBSProtocol
import Verification

/// The body of a statement, read as what its kind says; it must speak of the scope that the statement names.
package enum StatementContent: Equatable, Sendable {
  case reference(ReferenceBundle)
  case rule(ResourceRule)
  case revoke(RevocationScope, reason: String)
  case unrevoke(RevocationScope, reason: String)
  case quorum(ApproverQuorum)
  case breakGlass(BreakGlassGrant)
  case breakGlassQuorum(ApproverQuorum)
  case advisories(AdvisoryTable)
  case exception(ManifestException)
  case collateralGrace(CollateralGraceStatement)

  package static let quorumScope = "approvers"
  package static let breakGlassQuorumScope = "break-glass"
  package static let advisoriesScope = "table"
  private static let revocationSchema = "vouchsafe/revocation/v1"

  package init(of statement: ReferenceStatement) throws(StatementError) {
    switch statement.kind {
    case .reference:
      let bundle: ReferenceBundle
      do throws(ParseError) { bundle = try ReferenceBundle(document: statement.body) } catch { throw .bundle(error) }
      guard bundle.name.utf8.elementsEqual(statement.scope.utf8) else { throw .bodyMismatch }
      self = .reference(bundle)
    case .rule:
      let rule: ResourceRule
      do throws(ParseError) { rule = try ResourceRule(document: statement.body) } catch { throw .rule(error) }
      guard rule.resource.text.utf8.elementsEqual(statement.scope.utf8) else { throw .bodyMismatch }
      self = .rule(rule)
    case .revoke: self = .revoke(try Self.scope(statement), reason: try Self.reason(statement))
    case .unrevoke: self = .unrevoke(try Self.scope(statement), reason: try Self.reason(statement))
    case .quorum:
      let quorum = try ApproverQuorum(document: statement.body)
      switch statement.scope {
      case Self.quorumScope: self = .quorum(quorum)
      case Self.breakGlassQuorumScope: self = .breakGlassQuorum(quorum)
      default: throw .bodyMismatch
      }
    case .breakGlass:
      let grant = try bodyParsing { () throws(ParseError) in try BreakGlassGrant(document: statement.body) }
      guard grant.resource.text.utf8.elementsEqual(statement.scope.utf8) else { throw .bodyMismatch }
      self = .breakGlass(grant)
    case .advisories:
      let table: AdvisoryTable
      do throws(ParseError) { table = try AdvisoryTable(document: statement.body) } catch { throw .advisories(error) }
      guard statement.scope == Self.advisoriesScope else { throw .bodyMismatch }
      self = .advisories(table)
    case .exception:
      let exception: ManifestException
      do throws(ParseError) { exception = try ManifestException(document: statement.body) } catch {
        throw .exception(error)
      }
      guard exception.scope == statement.scope else { throw .bodyMismatch }
      self = .exception(exception)
    case .collateralGrace:
      let grace = try bodyParsing { () throws(ParseError) in try CollateralGraceStatement(document: statement.body) }
      guard grace.grace.vendor.rawValue == statement.scope else { throw .bodyMismatch }
      self = .collateralGrace(grace)
    }
  }

  /// The body of a revocation, or of taking one back.
  package static func revocationBody(reason: String) -> JSONValue {
    .object([("schema", .string(revocationSchema)), ("reason", .string(reason))])
  }

  private static func scope(_ statement: ReferenceStatement) throws(StatementError) -> RevocationScope {
    try bodyParsing { () throws(ParseError) in try RevocationScope(parsing: statement.scope) }
  }

  private static func reason(_ statement: ReferenceStatement) throws(StatementError) -> String {
    try bodyParsing { () throws(ParseError) in
      var reader = try JSONReader(statement.body, "revocation")
      try reader.schema(revocationSchema)
      let reason = try reader.plainText("reason")
      try reader.finish()
      return reason
    }
  }
}
