import Bytes
package import Cryptography

/// The answer to `POST /kbs/v0/auth`. The nonce is text: copied, compared and hashed as it was written, never decoded.
///
/// Spec: kbs-protocol §1.3; 32 random bytes in padded base64, `extra-params` the empty string.
package struct Challenge: Equatable, Sendable {
  package static let nonceByteCount = 32

  package let nonce: String
  /// What runtime data is hashed with; SHA-384 unless the server chose another.
  package let hash: Hash

  /// - Precondition: `nonceBytes` are 32 random bytes.
  package init(nonceBytes: [UInt8]) {
    precondition(nonceBytes.count == Self.nonceByteCount)
    nonce = Base64.encode(nonceBytes)
    hash = .sha384
  }

  /// Reads a challenge as a client; it may come from another server, whose nonce may be any text.
  package init(parsing body: [UInt8]) throws(KBSProtocolError) {
    let (nonce, params) = try parsing { () throws(ParseError) in
      var reader = try JSONReader(try StrictJSON.parse(body), "challenge")
      let nonce = try reader.string("nonce")
      guard !nonce.isEmpty else { throw ParseError("challenge.nonce", .missing) }
      return (nonce, try reader.value("extra-params"))
    }
    self.nonce = nonce
    hash = try Self.selectedHash(params)
  }

  package func encoded() -> [UInt8] {
    CanonicalJSON.encodeInOrder(.object([("nonce", .string(nonce)), ("extra-params", "")]))
  }

  private static func selectedHash(_ params: JSONValue) throws(KBSProtocolError) -> Hash {
    guard let selected = params["selected-hash-algorithm"] else { return .sha384 }
    switch selected.stringValue?.lowercased() {
    case "sha256": return .sha256
    case "sha384": return .sha384
    case "sha512": return .sha512
    default: throw .unsupportedHashAlgorithm
    }
  }
}
