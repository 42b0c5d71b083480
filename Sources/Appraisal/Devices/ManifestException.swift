package import Bytes
import Verification

/// One thing about one reference manifest of NVIDIA's that is accepted until a day, though the strict rule is against it.
/// In force only through a statement that the quorum signed.
///
/// JSON: `{"schema":"vouchsafe/manifest-exception/v1","manifest":HEX,"accepts":"expired","notAfter":T,"reason":S}`, or
/// `"accepts":"measurement"` with `"index":N` and `"digests":[HEX,…]`: values that a board has in place of the
/// manifest's own.
package struct ManifestException: Equatable, Sendable {
  package static let schema = "vouchsafe/manifest-exception/v1"
  /// Whoever wants it longer signs again.
  package static let longest = Duration.seconds(366 * 86_400)

  package enum Acceptance: Equatable, Sendable {
    /// The certificates of whoever signed it are past their end.
    case expired
    /// SHA-384 digests; never empty.
    case measurement(index: Int, digests: [[UInt8]])
  }

  /// SHA-256 of the document.
  package let manifest: [UInt8]
  package let acceptance: Acceptance
  package let notAfter: Timestamp
  package let reason: String
  /// As it was read.
  package let document: JSONValue

  package init(parsing bytes: [UInt8]) throws(ParseError) { try self.init(document: try StrictJSON.parse(bytes)) }

  package init(document: JSONValue) throws(ParseError) {
    self.document = document
    var reader = try JSONReader(document, "")
    try reader.schema(Self.schema)
    manifest = try reader.hex("manifest", count: 32)
    switch try reader.string("accepts") {
    case "expired": acceptance = .expired
    case "measurement":
      let index: Int = try reader.integer("index")
      guard (0..<64).contains(index) else { throw ParseError("index", .outOfRange) }
      acceptance = .measurement(index: index, digests: try reader.list("digests", limit: 16, JSONReader.hexItem(48)))
    default: throw ParseError("accepts", .unexpected)
    }
    notAfter = try reader.timestamp("notAfter")
    reason = try reader.plainText("reason")
    try reader.finish()
  }

  /// What a statement names it by: the manifest, and the measurement.
  package var scope: String {
    switch acceptance {
    case .expired: Hex.encode(manifest)
    case .measurement(let index, _): "\(Hex.encode(manifest))/\(index)"
    }
  }

  func covers(_ cause: DeviceFinding.Cause, at now: Timestamp) -> Bool {
    guard now < notAfter else { return false }
    switch (acceptance, cause) {
    case (.expired, .manifestExpired(let digest)): return digest == manifest
    case (.measurement(let index, let digests), .measurement(let mismatch)):
      return mismatch.manifest == manifest && mismatch.index == index && digests.contains(mismatch.got)
    default: return false
    }
  }

  /// For whoever is about to sign it.
  package var summary: [String] {
    let what =
      switch acceptance {
      case .expired: "its signer's certificates may be past their end"
      case .measurement(let index, let digests): "measurement \(index) may be one of \(digests.count) other values"
      }
    return [
      "manifest \(Hex.encode(manifest))", "  ACCEPTED: \(what)", "  until \(notAfter.rfc3339): \(reason)",
    ]
  }
}
