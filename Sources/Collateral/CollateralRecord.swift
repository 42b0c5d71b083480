package import Bytes
package import Cryptography
import Verification

/// One artefact as it is kept and handed on, with where it is from. Unverified: `body` proves itself or nothing.
package struct CollateralRecord: Sendable, Hashable {
  /// The largest body, in bytes.
  package static let bodyLimit = 2 * 1024 * 1024
  static let sourceLimit = 2048

  package let key: CollateralKey
  /// What `CollateralArtefact.all(in:)` recognises: PEM, or Intel's JSON with its chain in it.
  package let body: [UInt8]
  package let fetchedAt: Timestamp
  /// An URL, or how else it came here. For people.
  package let source: String

  package init(key: CollateralKey, body: [UInt8], fetchedAt: Timestamp, source: String) {
    self.key = key
    self.body = body
    self.fetchedAt = fetchedAt
    self.source = source
  }

  init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "artefact")
    key = try CollateralKey(text: try reader.string("key"))
    body = try Base64.decode(try reader.string("body"), .standard, "artefact.body")
    fetchedAt = try reader.timestamp("fetchedAt")
    source = try reader.string("source")
    try reader.finish()
    guard (1...Self.bodyLimit).contains(body.count) else { throw ParseError("artefact.body", .outOfRange) }
    guard source.utf8.count <= Self.sourceLimit, source.unicodeScalars.allSatisfy({ (0x20...0x7E).contains($0.value) })
    else { throw ParseError("artefact.source", .unexpected) }
  }

  /// Those that came along.
  package var certificates: [Certificate] { Endorsements(recognising: [body]).certificates }

  var json: JSONValue {
    .object([
      ("key", .string(key.text)), ("body", .string(Base64.encode(body))), ("fetchedAt", .string(fetchedAt.rfc3339)),
      ("source", .string(source)),
    ])
  }
}
