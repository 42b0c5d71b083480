import Bytes
import Cryptography

/// Which sealed model an adapter belongs to: one version, with exactly one manifest.
package struct BaseModel: Equatable, Sendable {
  package let identity: ModelIdentity
  package let manifestSHA256: [UInt8]

  /// The model that this is the manifest of.
  package init(_ manifest: Manifest) {
    identity = manifest.identity
    manifestSHA256 = Hash.sha256.digest(manifest.bytes)
  }

  init(parsing base: JSONReader) throws(ParseError) {
    var reader = base
    identity = try ModelIdentity(model: try reader.string("model"), version: try reader.string("version"))
    manifestSHA256 = try reader.hex("manifestSha256", count: 32)
    try reader.finish()
  }

  var json: JSONValue {
    [
      "model": .string(identity.model), "version": .string(identity.version),
      "manifestSha256": .string(Hex.encode(manifestSHA256)),
    ]
  }
}
