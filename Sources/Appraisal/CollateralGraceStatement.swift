package import Bytes
package import Verification

/// What a quorum says when a vendor's collateral has run out and newer cannot be had. Unverified until the signatures were
/// counted.
///
/// Body: `{"schema":"vouchsafe/collateral-grace/v1","vendor":"intel"|"amd","asOf","until","reason"}`.
package struct CollateralGraceStatement: Equatable, Sendable {
  package static let schema = "vouchsafe/collateral-grace/v1"
  /// The longest that a grace may be in force.
  package static let lifetimeLimit = Duration.seconds(30 * 86_400)

  package let grace: CollateralGrace
  package let reason: String

  package init(document: JSONValue) throws(ParseError) {
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    guard let vendor = CollateralGrace.Vendor(rawValue: try reader.string("vendor")) else {
      throw ParseError("vendor", .unexpected)
    }
    grace = CollateralGrace(vendor: vendor, asOf: try reader.timestamp("asOf"), until: try reader.timestamp("until"))
    reason = try reader.plainText("reason")
    try reader.finish()
    guard grace.asOf < grace.until else { throw ParseError("until", .outOfRange) }
  }

  /// As it is signed, and kept beside decisions.
  package var document: JSONValue {
    .object([
      ("schema", .string(Self.schema)), ("vendor", .string(grace.vendor.rawValue)),
      ("asOf", .string(grace.asOf.rfc3339)), ("until", .string(grace.until.rfc3339)), ("reason", .string(reason)),
    ])
  }
}

extension ReferenceValues {
  /// The graces in force at a time.
  package func activeGraces(at now: Timestamp) -> [CollateralGraceStatement] {
    graces.values.filter { $0.grace.isInForce(at: now) }.sorted { $0.grace.vendor.rawValue < $1.grace.vendor.rawValue }
  }
}
