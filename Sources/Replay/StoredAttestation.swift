package import Bytes
package import Evidence
package import KBSProtocol
package import Verification

/// An evidence record, read back: everything that one attestation was judged by, some of it as digests. Unverified.
///
/// Canonical strict JSON. In place of `request`, a record of evidence that came without a handshake has `evidence` (base64)
/// and `binding`. Spec: reliability §2.5.
package struct StoredAttestation: Sendable {
  package let tee: TEE
  package let input: Input
  package let initData: String?
  package let collateral: [Carrier]
  package let anchors: [UInt8]?
  package let floors: EvaluationFloors
  package let refvalues: [UInt8]
  package let policy: [UInt8]
  package let advisories: [UInt8]?
  package let verifiedAt: Timestamp
  package let verifierVersion: String
  package let verdict: JSONValue

  package enum Input: Sendable {
    /// The body of `/attest`, and the nonce it had to answer.
    case request(body: [UInt8], version: ProtocolVersion, nonce: String)
    case evidence([UInt8], Binding)
  }

  package struct Carrier: Sendable, Equatable {
    package let kind: String
    package let digest: [UInt8]
  }

  /// Evidence spells certificates as arrays of numbers, and base64 makes one token of a whole request.
  private static let limits = StrictJSON.Limits(depth: 32, tokens: 100_000)

  package init(parsing bytes: [UInt8]) throws(ParseError) {
    let document = try StrictJSON.parse(bytes, limits: Self.limits)
    guard CanonicalJSON.encode(document) == bytes else { throw ParseError("record", .notCanonical) }
    var reader = try JSONReader(document, "record")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("record.v", .outOfRange) }
    guard let tee = TEE(wireName: try reader.string("tee")) else { throw ParseError("record.tee", .unexpected) }
    self.tee = tee
    input = try Self.input(&reader)
    initData = try reader.value("init_data").isNull ? nil : try reader.string("init_data")
    collateral = try Self.collateral(&reader)
    anchors = try reader.optionalDigest("anchors")
    floors = try Self.floors(try reader.object("floors"))
    _ = try reader.object("registry")
    refvalues = try reader.hex("refvalues", count: 32)
    policy = try reader.hex("policy", count: 32)
    advisories = try reader.optionalDigest("advisories")
    verifiedAt = try reader.timestamp("verified_at")
    verifierVersion = try reader.string("verifier_version")
    verdict = try reader.value("verdict")
    try reader.finish()
  }

  private static func input(_ reader: inout JSONReader) throws(ParseError) -> Input {
    if reader.has("evidence") {
      let evidence = try Base64.decode(try reader.string("evidence"), .standard, "record.evidence")
      var binding = try reader.object("binding")
      let data = try binding.hex("report_data", count: 64)
      let host = try binding.value("host_data").isNull ? nil : try binding.hex("host_data")
      try binding.finish()
      return .evidence(evidence, Binding(reportData: data, hostData: host))
    }
    guard let version = ProtocolVersion(rawValue: try reader.string("kbs_version")) else {
      throw ParseError("record.kbs_version", .unexpected)
    }
    let body = try Base64.decode(try reader.string("request"), .standard, "record.request")
    return .request(body: body, version: version, nonce: try reader.string("challenge"))
  }

  private static func collateral(_ reader: inout JSONReader) throws(ParseError) -> [Carrier] {
    var carriers: [Carrier] = []
    for item in try reader.array("collateral") {
      var entry = try JSONReader(item, "record.collateral")
      let carrier = Carrier(kind: try entry.string("kind"), digest: try entry.hex("sha256", count: 32))
      for name in ["url", "fetched_at"] where !(try entry.value(name).isNull) { _ = try entry.string(name) }
      try entry.finish()
      carriers.append(carrier)
    }
    return carriers
  }

  private static func floors(_ reader: JSONReader) throws(ParseError) -> EvaluationFloors {
    var reader = reader
    var floors = EvaluationFloors(minimum: try reader.integer("minimum"))
    for (family, value) in try reader.object("seen").object.members {
      guard let number: UInt32 = value.integer() else { throw ParseError("record.floors", .wrongType) }
      floors.seen[try Hex.decode(family, "record.floors")] = number
    }
    try reader.finish()
    return floors
  }
}
