import Bytes

/// The answer to `POST /kbs/v0/attest`: the token, as compact JWS. Spec: kbs-protocol §1.6.
package struct AttestationResponse: Equatable, Sendable {
  package let token: String

  package init(token: String) { self.token = token }

  /// Reads an answer as a client. The token is opaque: the secret is sealed to the TEE key, not trusted to the token.
  package init(parsing body: [UInt8]) throws(KBSProtocolError) {
    let text = try parsing { () throws(ParseError) in
      var reader = try JSONReader(try StrictJSON.parse(body), "response")
      return try reader.string("token")
    }
    guard Self.isCompact(text) else { throw .badToken }
    token = text
  }

  package func encoded() -> [UInt8] { CanonicalJSON.encodeInOrder(["token": .string(token)]) }

  /// Three parts of the URL alphabet: so a token can be put in a header as it is.
  private static func isCompact(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 3 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isURLCharacter) }
  }

  private static func isURLCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
