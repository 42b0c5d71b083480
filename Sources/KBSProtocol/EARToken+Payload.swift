package import Bytes
import Cryptography

extension EARToken {
  static let profile = "tag:github.com,2024:confidential-containers/Trustee"

  /// The claims set. Stock clients insist on integers for times and on a string for every registered text claim.
  package var payload: JSONValue {
    .object([
      ("eat_profile", .string(Self.profile)), ("iss", .string(issuer)), ("iat", .int(issued.seconds)),
      ("exp", .int(expires.seconds)),
      ("ear.verifier-id", .object([("developer", "vouchsafe"), ("build", .string(build))])),
      ("cnf", ["jwk": teePublicKey.json]), ("submods", ["cpu0": submodule]),
      (
        "vouchsafe",
        .object([
          ("simulated", .bool(isSimulated)), ("evidence_sha256", .string(Hex.encode(evidenceDigest))),
          ("log_index", .int(logIndex)), ("key_epoch", .int(keyEpoch)),
        ])
      ),
    ])
  }

  private var submodule: JSONValue {
    .object([
      ("ear.status", .string(trustworthiness.status.rawValue)),
      ("ear.trustworthiness-vector", trustworthiness.json), ("ear.appraisal-policy-id", "default"),
      ("ear.veraison.annotated-evidence", annotatedEvidence),
    ])
  }

  private var annotatedEvidence: JSONValue {
    .object([
      (tee.rawValue, claims), ("report_data", .string(Hex.encode(reportData))),
      ("init_data", .string(Hex.encode(initData))),
      ("runtime_data_claims", .object([("tee-pubkey", teePublicKey.json), ("nonce", .string(nonce))])),
      ("init_data_claims", .null),
    ])
  }

  init(payload: JSONValue) throws(KBSProtocolError) {
    let (top, key, cpu, own) = try parsing { () throws(ParseError) in try Self.sections(payload) }
    let teePublicKey: JWK
    do throws(JWKError) { teePublicKey = try JWK(parsing: key) } catch { throw .badTEEKey }
    issuer = top.issuer
    (issued, expires) = (top.issued, top.expires)
    build = top.build
    self.teePublicKey = teePublicKey
    tee = try TEEName(parsing: cpu.tee)
    (claims, nonce, trustworthiness) = (cpu.claims, cpu.nonce, cpu.vector)
    (reportData, initData) = (cpu.reportData, cpu.initData)
    (isSimulated, evidenceDigest, logIndex, keyEpoch) = own
  }

  private typealias Top = (issuer: String, issued: Timestamp, expires: Timestamp, build: String)
  private typealias CPU = (
    tee: String, claims: JSONValue, nonce: String, vector: TrustworthinessVector, reportData: [UInt8], initData: [UInt8]
  )
  private typealias Own = (Bool, [UInt8], UInt64, UInt64)

  private static func sections(_ payload: JSONValue) throws(ParseError) -> (Top, JSONValue, CPU, Own) {
    var reader = try JSONReader(payload, "token")
    guard try reader.string("eat_profile") == profile else { throw ParseError("token.eat_profile", .unexpected) }
    var verifier = try reader.object("ear.verifier-id")
    let top = (
      try reader.string("iss"), Timestamp(seconds: try reader.integer("iat")),
      Timestamp(seconds: try reader.integer("exp")), try verifier.string("build")
    )
    var confirmation = try reader.object("cnf")
    var submodules = try reader.object("submods")
    var own = try reader.object("vouchsafe")
    return (
      top, try confirmation.value("jwk"), try cpu(try submodules.object("cpu0")),
      (
        try own.bool("simulated"), try own.hex("evidence_sha256", count: 32), try own.integer("log_index"),
        try own.integer("key_epoch")
      )
    )
  }

  private static func cpu(_ submodule: JSONReader) throws(ParseError) -> CPU {
    var submodule = submodule
    let vector = try TrustworthinessVector(parsing: try submodule.value("ear.trustworthiness-vector"))
    var annotated = try submodule.object("ear.veraison.annotated-evidence")
    var runtime = try annotated.object("runtime_data_claims")
    let nonce = try runtime.string("nonce")
    _ = annotated.optionalValue("init_data_claims")
    let (reportData, initData) = (try annotated.hex("report_data"), try annotated.hex("init_data"))
    guard let tee = annotated.unreadMembers.first, annotated.unreadMembers.count == 1 else {
      throw ParseError("token.annotated-evidence", .unexpected)
    }
    return (tee, try annotated.value(tee), nonce, vector, reportData, initData)
  }
}
