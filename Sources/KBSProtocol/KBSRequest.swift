package import Bytes

/// The body of `POST /kbs/v0/auth`: which protocol and which TEE a guest says it has. Unverified.
///
/// Spec: kbs-protocol §1.3. Unknown members are ignored and `extra-params` may be absent: nothing is derived from either.
package struct KBSRequest: Equatable, Sendable {
  package let version: ProtocolVersion
  package let tee: TEEName
  package let extraParams: JSONValue

  package init(version: ProtocolVersion = .v0_4_0, tee: TEEName, extraParams: JSONValue = Self.clientParams) {
    self.version = version
    self.tee = tee
    self.extraParams = extraParams
  }

  /// What a client announces; a server that is content with SHA-384 answers nothing to it.
  package static let clientParams: JSONValue = ["supported-hash-algorithms": ["sha256", "sha384", "sha512"]]

  package init(parsing body: [UInt8]) throws(KBSProtocolError) {
    let (version, tee, params) = try parsing { () throws(ParseError) in
      var reader = try JSONReader(try StrictJSON.parse(body), "request")
      return (try reader.string("version"), try reader.string("tee"), reader.optionalValue("extra-params"))
    }
    self.version = try ProtocolVersion(parsing: version)
    self.tee = try TEEName(parsing: tee)
    extraParams = params ?? ""
  }

  package func encoded() -> [UInt8] {
    CanonicalJSON.encodeInOrder(
      .object([
        ("version", .string(version.rawValue)), ("tee", .string(tee.rawValue)), ("extra-params", extraParams),
      ]))
  }
}
