import Bytes
import Cryptography
import KBSProtocol
import Testing

struct EARTokenTests {
  private let signer = P256SigningKey.generate()
  private let issued = Timestamp(seconds: 1_788_170_400)

  private func token() throws -> EARToken {
    var vector = TrustworthinessVector()
    vector.hardware = 2
    vector.executables = 3
    vector.configuration = 2
    return EARToken(
      issuer: "https://broker.example", build: "0.1.0", issued: issued, expires: issued.adding(.seconds(300)),
      teePublicKey: try Golden.key(), tee: .snp, claims: ["measurement": "ab", "simulated": true], nonce: Golden.nonce,
      trustworthiness: vector, isSimulated: true, evidenceDigest: Array(repeating: 5, count: 32), logIndex: 41,
      keyEpoch: 1)
  }

  private func read(_ text: String, at now: Timestamp, issuer: String = "https://broker.example") throws -> EARToken {
    try EARToken(parsing: text, key: try signer.publicKey.verifyingKey, issuer: issuer, at: now)
  }

  @Test func whatWasSignedReadsBackEqual() throws {
    let token = try token()
    let text = try token.signed(with: signer)
    #expect(try read(text, at: issued) == token)
    #expect(try AttestationResponse(parsing: AttestationResponse(token: text).encoded()).token == text)
    #expect(text.utf8.count < 2048)
  }

  @Test func theShapeIsWhatOtherServersLookFor() throws {
    let text = try token().signed(with: signer)
    let parts = text.split(separator: ".").map(String.init)
    let header = try StrictJSON.parse(try Base64.decodeURL(parts[0], "header"))
    #expect(header["typ"] == "JWT" && header["alg"] == "ES256" && header["jwk"]?["crv"] == "P-256")
    let payload = try StrictJSON.parse(try Base64.decodeURL(parts[1], "payload"))
    let cpu = payload["submods"]?["cpu0"]
    let evidence = cpu?["ear.veraison.annotated-evidence"]
    #expect(evidence?["runtime_data_claims"]?["tee-pubkey"] == (try Golden.key().json))
    #expect(payload["cnf"]?["jwk"] == (try Golden.key().json))
    #expect(evidence?["runtime_data_claims"]?["nonce"] == .string(Golden.nonce))
    #expect(payload["nonce"] == nil)
    #expect(evidence?["snp"]?["measurement"] == "ab")
    #expect(cpu?["ear.status"] == "affirming")
    #expect(payload["iat"] == 1_788_170_400 && payload["exp"] == 1_788_170_700)
    #expect(payload["vouchsafe"]?["simulated"] == true)
    #expect(payload["vouchsafe"]?["log_index"] == 41)
  }

  @Test func aTokenEndsAndBeginsWhenItSays() throws {
    let text = try token().signed(with: signer)
    #expect(throws: Never.self) { try read(text, at: issued.adding(.seconds(299))) }
    #expect(throws: KBSProtocolError.tokenExpired) { try read(text, at: issued.adding(.seconds(300))) }
    #expect(throws: Never.self) { try read(text, at: issued.adding(.seconds(-60))) }
    #expect(throws: KBSProtocolError.badToken) { try read(text, at: issued.adding(.seconds(-61))) }
  }

  @Test func anotherSignerIssuerOrPayloadIsRefused() throws {
    let text = try token().signed(with: signer)
    #expect(throws: KBSProtocolError.badToken) { try read(text, at: issued, issuer: "https://broker.example/") }
    let stranger = try P256SigningKey.generate().publicKey.verifyingKey
    #expect(throws: KBSProtocolError.badToken) {
      try EARToken(parsing: text, key: stranger, issuer: "https://broker.example", at: issued)
    }
    // The header's own key vouches for nothing.
    let forged = try token().signed(with: P256SigningKey.generate())
    #expect(throws: KBSProtocolError.badToken) { try read(forged, at: issued) }
    var parts = text.split(separator: ".").map(String.init)
    let payload = try StrictJSON.parse(try Base64.decodeURL(parts[1], "payload"))
    var object = payload.objectValue ?? JSONObject()
    object["exp"] = 9_999_999_999
    parts[1] = Base64.url(CanonicalJSON.encodeInOrder(.object(object)))
    #expect(throws: KBSProtocolError.badToken) { try read(parts.joined(separator: "."), at: issued) }
  }

  @Test func aPayloadOfAnotherShapeIsRefusedThoughSigned() throws {
    let payload = try token().payload.objectValue ?? JSONObject()
    for member in payload.keys {
      var without = payload
      without[member] = nil
      let header: JSONValue = ["typ": "JWT", "alg": "ES256"]
      let text = JWS.signES256(header: header, payload: .object(without), key: signer)
      #expect(throws: KBSProtocolError.badToken) { try read(text, at: issued) }
    }
  }

  @Test func aTokenOver8KiBIsNotMade() throws {
    var long = try token()
    long.claims = .string(String(repeating: "a", count: 8000))
    #expect(throws: KBSProtocolError.tokenTooLong) { try long.signed(with: signer) }
    #expect(throws: KBSProtocolError.badToken) { try read(String(repeating: "a", count: 9000), at: issued) }
  }

  @Test(
    arguments: [
      (0, .none), (1, .none), (-1, .none), (2, .affirming), (31, .affirming), (-32, .affirming), (32, .warning),
      (95, .warning), (-33, .warning), (-96, .warning), (96, .contraindicated), (-97, .contraindicated),
      (127, .contraindicated), (-128, .contraindicated),
    ] as [(Int8, TrustworthinessVector.Status)])
  func theStatusIsTheWorstTier(_ value: Int8, _ status: TrustworthinessVector.Status) {
    var vector = TrustworthinessVector()
    vector.hardware = value
    #expect(vector.status == status)
    vector.executables = 2
    #expect(vector.status == (status == .none ? .affirming : status))
  }
}
