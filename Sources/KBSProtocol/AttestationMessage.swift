package import Bytes
package import Cryptography

/// The body of `POST /kbs/v0/attest`: evidence and what it should be bound to. Strictly parsed, unverified.
///
/// Spec: kbs-protocol §1.6 (0.4.0) and §1.14 (0.2.0, flat: no nonce, no init-data, no additional evidence).
package struct AttestationMessage: Equatable, Sendable {
  package let version: ProtocolVersion
  package let initData: InitData?
  package let teePublicKey: JWK
  package let primaryEvidence: JSONValue
  /// The exact text, which the CPU's evidence covers; empty when there is no other device.
  package let additionalEvidence: String
  /// What the guest says of itself that the protocol has no place for: walls of its engine's room that it does without.
  /// Believed as far as its configuration is measured.
  package let waivedWalls: [String]
  /// As the guest repeated it; the session's own is what counts. Absent in 0.2.0.
  private let nonce: String?

  /// A message of 0.4.0.
  package init(
    runtimeData: RuntimeData, primaryEvidence: JSONValue, initData: InitData? = nil, waivedWalls: [String] = []
  ) {
    version = .v0_4_0
    self.initData = initData
    teePublicKey = runtimeData.teePublicKey
    self.primaryEvidence = primaryEvidence
    additionalEvidence = runtimeData.additionalEvidence
    nonce = runtimeData.nonce
    self.waivedWalls = waivedWalls
  }

  /// A message of 0.2.0.
  package init(flat evidence: JSONValue, teePublicKey: JWK) {
    self.init(
      version: .v0_2_0, initData: nil, teePublicKey: teePublicKey, primaryEvidence: evidence, additionalEvidence: "",
      nonce: nil)
  }

  /// - Parameter version: the one the session was opened with; a body of the other shape is refused.
  package init(
    parsing body: [UInt8], version: ProtocolVersion, limits: StrictJSON.Limits = .evidence
  ) throws(KBSProtocolError) {
    let document = try parsing { () throws(ParseError) in try StrictJSON.parse(body, limits: limits) }
    var reader = try parsing { () throws(ParseError) in try JSONReader(document, "attestation") }
    switch version {
    case .v0_4_0: self = try Self.composite(&reader)
    case .v0_2_0: self = try Self.flat(&reader)
    }
  }

  private init(
    version: ProtocolVersion, initData: InitData?, teePublicKey: JWK, primaryEvidence: JSONValue,
    additionalEvidence: String, nonce: String?, waivedWalls: [String] = []
  ) {
    self.version = version
    self.initData = initData
    self.teePublicKey = teePublicKey
    self.primaryEvidence = primaryEvidence
    self.additionalEvidence = additionalEvidence
    self.nonce = nonce
    self.waivedWalls = waivedWalls
  }

  private static func composite(_ reader: inout JSONReader) throws(KBSProtocolError) -> AttestationMessage {
    let initData = try initData(reader.optionalValue("init-data"))
    let waivedWalls = try waivedWalls(&reader)
    let (nonce, key, primary, additional) = try parsing { () throws(ParseError) in
      var runtime = try reader.object("runtime-data")
      var evidence = try reader.object("tee-evidence")
      return (
        try runtime.string("nonce"), try runtime.value("tee-pubkey"), try evidence.value("primary_evidence"),
        try evidence.string("additional_evidence")
      )
    }
    return AttestationMessage(
      version: .v0_4_0, initData: initData, teePublicKey: try teeKey(key), primaryEvidence: primary,
      additionalEvidence: additional, nonce: nonce, waivedWalls: waivedWalls)
  }

  /// Names that may stand in a log: few, short, and of letters.
  private static func waivedWalls(_ reader: inout JSONReader) throws(KBSProtocolError) -> [String] {
    try parsing { () throws(ParseError) in
      guard var own = try reader.optionalObject("vouchsafe") else { return [] }
      let names = try own.strings("waivedWalls")
      let areNames = names.allSatisfy { name in
        (1...32).contains(name.utf8.count) && name.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) }
      }
      guard names.count <= 16, areNames else { throw ParseError("vouchsafe.waivedWalls", .unexpected) }
      return names
    }
  }

  private static func flat(_ reader: inout JSONReader) throws(KBSProtocolError) -> AttestationMessage {
    for member in ["runtime-data", "init-data"] where reader.has(member) {
      throw .malformed(ParseError(reader.name(member), .unexpected))
    }
    let (key, evidence) = try parsing { () throws(ParseError) in
      (try reader.value("tee-pubkey"), try reader.value("tee-evidence"))
    }
    return AttestationMessage(
      version: .v0_2_0, initData: nil, teePublicKey: try teeKey(key), primaryEvidence: evidence,
      additionalEvidence: "", nonce: nil)
  }

  private static func teeKey(_ value: JSONValue) throws(KBSProtocolError) -> JWK {
    do throws(JWKError) { return try JWK(parsing: value) } catch { throw .badTEEKey }
  }

  private static func initData(_ value: JSONValue?) throws(KBSProtocolError) -> InitData? {
    guard let value, !value.isNull else { return nil }
    let (format, body) = try parsing { () throws(ParseError) in
      var reader = try JSONReader(value, "init-data")
      return (try reader.string("format"), try reader.string("body"))
    }
    guard format == "toml" else { throw .unsupportedInitDataFormat }
    return try InitData(toml: body)
  }
}

extension AttestationMessage {
  /// What the evidence must cover when it answers the challenge with that nonce.
  /// - Throws: `nonceMismatch` when the message repeats another nonce; texts are compared byte by byte.
  package func runtimeData(answering sessionNonce: String) throws(KBSProtocolError) -> RuntimeData {
    if let nonce, !constantTimeEquals(Array(nonce.utf8), Array(sessionNonce.utf8)) { throw .nonceMismatch }
    return RuntimeData(nonce: sessionNonce, teePublicKey: teePublicKey, additionalEvidence: additionalEvidence)
  }

  /// The 48 bytes that the CPU's report data must start with. In 0.2.0 that is the device document's digest (§1.14).
  package func primaryDigest(answering sessionNonce: String) throws(KBSProtocolError) -> [UInt8] {
    try runtimeData(answering: sessionNonce).digest(version == .v0_2_0 ? .device : .primary)
  }

  /// The evidence of additional devices by name; the order is the document's. Spec: §1.11.
  package func additionalDevices(
    limits: StrictJSON.Limits = .evidence
  ) throws(KBSProtocolError) -> [(tee: TEEName, evidence: JSONValue)] {
    guard !additionalEvidence.isEmpty else { return [] }
    let object = try parsing { () throws(ParseError) in
      try JSONReader(try StrictJSON.parse(Array(additionalEvidence.utf8), limits: limits), "additional_evidence").object
    }
    var devices: [(tee: TEEName, evidence: JSONValue)] = []
    for member in object.members {
      let tee = try TEEName(parsing: member.key)
      guard !devices.contains(where: { $0.tee == tee }) else {
        throw .malformed(ParseError("additional_evidence", .duplicate))
      }
      devices.append((tee, member.value))
    }
    return devices
  }

  package func encoded() -> [UInt8] {
    let document: JSONValue
    switch version {
    case .v0_4_0:
      let runtime: JSONValue = .object([("nonce", .string(nonce ?? "")), ("tee-pubkey", teePublicKey.json)])
      let evidence: JSONValue = .object([
        ("primary_evidence", primaryEvidence), ("additional_evidence", .string(additionalEvidence)),
      ])
      let own: [(String, JSONValue)] =
        waivedWalls.isEmpty ? [] : [("vouchsafe", ["waivedWalls": .strings(waivedWalls)])]
      document = .object(
        [("init-data", initData?.json ?? .null), ("runtime-data", runtime), ("tee-evidence", evidence)] + own)
    case .v0_2_0:
      document = .object([("tee-pubkey", teePublicKey.json), ("tee-evidence", primaryEvidence)])
    }
    return CanonicalJSON.encodeInOrder(document)
  }
}
