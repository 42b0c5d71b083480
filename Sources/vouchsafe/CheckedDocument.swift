import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import Verification

/// A document that may be proposed, read as what its schema says: what `policy check` shows of it.
struct CheckedDocument {
  var kind = "bundle"
  let name: String
  /// What a table asks, one line each.
  var contents: [String] = []
  var openEnds: [String] = []
  private var members: [(String, JSONValue)] = []

  init(_ document: JSONValue) throws(ParseError) {
    switch document["schema"]?.stringValue {
    case ResourceRule.schema:
      kind = "rule"
      name = try ResourceRule(document: document).resource.text
    case AdvisoryTable.schema:
      let table = try AdvisoryTable(document: document)
      let digest = Hex.encode(Hash.sha256.digest(CanonicalJSON.encode(document)))
      kind = "advisories"
      name = "of \(table.dated.rfc3339)"
      contents = ["digest \(digest)"] + table.summary
      members = [("digest", .string(digest)), ("advisories", .strings(table.advisories.map(\.id)))]
    case ManifestException.schema:
      let exception = try ManifestException(document: document)
      kind = "exception"
      name = exception.scope
      contents = exception.summary
      members = [("notAfter", .string(exception.notAfter.rfc3339))]
    case CollateralGraceStatement.schema:
      let said = try CollateralGraceStatement(document: document)
      kind = "collateral-grace"
      name = said.grace.vendor.rawValue
      contents = ["as of \(said.grace.asOf.rfc3339), until \(said.grace.until.rfc3339): \(said.reason)"]
    default:
      let bundle = try ReferenceBundle(document: document)
      name = bundle.name
      openEnds = bundle.openEnds
    }
  }

  var json: JSONValue {
    .object([("kind", .string(kind)), ("name", .string(name)), ("openEnds", .strings(openEnds))] + members)
  }
}
