import Bytes
import Cryptography
import KBSProtocol
import Testing

struct KBSRequestTests {
  private let stock =
    #"{"version":"0.4.0","tee":"tdx","extra-params":{"supported-hash-algorithms":["sha256","sha384","sha512","sm3"]}}"#

  @Test func theRequestOfAStockClientIsRead() throws {
    let request = try KBSRequest(parsing: Array(stock.utf8))
    #expect(request.version == .v0_4_0)
    #expect(request.tee == .tdx)
    #expect(request.encoded() == Array(stock.utf8))
  }

  @Test func olderGuestsAndUnknownMembersAreRead() throws {
    let request = try KBSRequest(parsing: Array(#"{"version":"0.2.0","tee":"snp","later":1}"#.utf8))
    #expect(request.version == .v0_2_0)
    #expect(request.tee == .snp)
  }

  @Test(arguments: ["0.1.0", "0.1.1", "0.3.0", "0.4.1", "0.4", "=0.4.0", "v0.4.0", "0.4.0 ", "", "0.2.0-rc1", "1.0.0"])
  func otherVersionsAreRefusedAndTheAcceptedOnesNamed(_ version: String) {
    let body = Golden.bytes(["version": .string(version), "tee": "snp", "extra-params": ""])
    #expect(throws: KBSProtocolError.unsupportedVersion) { try KBSRequest(parsing: body) }
    #expect(KBSProtocolError.unsupportedVersion.sentence.contains("0.4.0, 0.2.0"))
  }

  @Test func namesOfTEEsAreExact() throws {
    for name in TEEName.allCases { #expect(try TEEName(parsing: name.rawValue) == name) }
    #expect(try TEEName(parsing: "azsnpvtpm") == .azSnpVtpm)
    #expect(try TEEName(parsing: "aztdxvtpm") == .azTdxVtpm)
    for name in ["SNP", "snp ", "", "sev", "nvidia-dpu", "az-snp", "snp\u{0}"] {
      #expect(throws: KBSProtocolError.unsupportedTEE) { try TEEName(parsing: name) }
    }
    #expect(TEEName.sample.isSample && TEEName.sampleDevice.isSample && !TEEName.snp.isSample)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"version":"0.4.0"}"#, #"{"tee":"snp"}"#, #"{"version":4,"tee":"snp"}"#,
    #"{"version":"0.4.0","tee":["snp"]}"#, #"{"version":"0.4.0","tee":"snp","tee":"tdx"}"#,
    #"{"version":"0.4.0","tee":"snp"}x"#,
  ])
  func malformedRequestsAreRefused(_ body: String) {
    #expect(throws: KBSProtocolError.self) { try KBSRequest(parsing: Array(body.utf8)) }
  }

  @Test func everyProperPrefixIsRefused() {
    let body = Array(stock.utf8)
    for count in 0..<body.count {
      #expect(throws: KBSProtocolError.self) { try KBSRequest(parsing: Array(body[..<count])) }
    }
  }
}

struct ChallengeTests {
  @Test func theNonceIsBase64TextOf32Bytes() throws {
    let challenge = Challenge(nonceBytes: [UInt8](repeating: 0xFF, count: 32))
    #expect(challenge.nonce.utf8.count == 44)
    #expect(
      String(decoding: challenge.encoded(), as: UTF8.self)
        == #"{"nonce":"//////////////////////////////////////////8=","extra-params":""}"#)
    #expect(try Challenge(parsing: challenge.encoded()) == challenge)
    #expect(challenge.hash == .sha384)
  }

  @Test func aForeignNonceIsKeptAsItIs() throws {
    let challenge = try Challenge(parsing: Array(#"{"nonce":"{\"any\":1}","extra-params":{}}"#.utf8))
    #expect(challenge.nonce == #"{"any":1}"#)
  }

  @Test func theServerMayChooseTheHash() throws {
    func hash(_ params: String) throws -> Hash {
      try Challenge(parsing: Array(#"{"nonce":"n","extra-params":\#(params)}"#.utf8)).hash
    }
    #expect(try hash(#"{"selected-hash-algorithm":"SHA512"}"#) == .sha512)
    #expect(try hash(#"{"selected-hash-algorithm":"sha256"}"#) == .sha256)
    #expect(try hash(#"{"selected-hash-algorithm":"sha384"}"#) == .sha384)
    #expect(throws: KBSProtocolError.unsupportedHashAlgorithm) { try hash(#"{"selected-hash-algorithm":"sm3"}"#) }
    #expect(throws: KBSProtocolError.unsupportedHashAlgorithm) { try hash(#"{"selected-hash-algorithm":512}"#) }
  }

  @Test(arguments: [
    "{}", #"{"nonce":"n"}"#, #"{"extra-params":""}"#, #"{"nonce":"","extra-params":""}"#,
    #"{"nonce":1,"extra-params":""}"#,
  ])
  func incompleteChallengesAreRefused(_ body: String) {
    #expect(throws: KBSProtocolError.self) { try Challenge(parsing: Array(body.utf8)) }
  }
}

struct AttestationResponseTests {
  @Test func theTokenIsCompactAndOpaque() throws {
    let response = AttestationResponse(token: "eyJh.eyJi.c2ln")
    #expect(String(decoding: response.encoded(), as: UTF8.self) == #"{"token":"eyJh.eyJi.c2ln"}"#)
    #expect(try AttestationResponse(parsing: response.encoded()) == response)
  }

  @Test(arguments: ["", "a.b", "a.b.c.d", "a..c", "a.b.c\\r\\nX: y", "a.b.c=", "a.b.c d"])
  func aTokenThatCouldNotBeAHeaderIsRefused(_ token: String) {
    #expect(throws: KBSProtocolError.self) { try AttestationResponse(parsing: Array(#"{"token":"\#(token)"}"#.utf8)) }
  }
}
