package import Bytes
import Cryptography
package import KBSProtocol

/// Which bundles may have a resource, and under which extra condition. In force only through a signed statement.
///
/// JSON: `{"schema":"vouchsafe/rule/v1","resource":"a/b/c","bundles":["name",…],"condition":{…}}`; the condition may be
/// left out, the bundles not.
package struct ResourceRule: Equatable, Sendable {
  package static let schema = "vouchsafe/rule/v1"

  package let resource: ResourcePath
  package let bundles: [String]
  package let condition: Condition?
  /// As it was read.
  package let document: JSONValue

  /// SHA-256 of the canonical document: its policy id.
  package var digest: [UInt8] { Hash.sha256.digest(CanonicalJSON.encode(document)) }

  package init(parsing bytes: [UInt8]) throws(ParseError) { try self.init(document: try StrictJSON.parse(bytes)) }

  package init(document: JSONValue) throws(ParseError) {
    self.document = document
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    guard let resource = try? ResourcePath(try reader.string("resource")) else {
      throw ParseError("resource", .unexpected)
    }
    self.resource = resource
    bundles = try reader.list("bundles", limit: 256) { value in
      value.stringValue.flatMap { BundleText.isName($0) ? $0 : nil }
    }
    condition = try reader.optionalValue("condition").map { value throws(ParseError) in
      try Condition(parsing: value, "condition")
    }
    try reader.finish()
  }
}
