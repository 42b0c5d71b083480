import Bytes
import Cryptography
import KBSProtocol
import Testing

struct InitDataTests {
  @Test func theVectorHolds() throws {
    let data = try InitData(toml: Golden.initData)
    let digest = "71283860002ce71523e4da060f04dbe080a35529114334e535138b8ded9ff104"
    #expect(Hex.encode(data.digest) == digest)
    #expect(Hex.encode(data.fieldValue(byteCount: 32)) == digest)
    #expect(Hex.encode(data.fieldValue(byteCount: 48)) == digest + String(repeating: "0", count: 32))
  }

  @Test func aLongDigestIsCutToTheField() throws {
    // The digest of the specification's second vector is over the first one's text; ours names its own algorithm.
    let data = try InitData(toml: Golden.initData.replacing("sha256", with: "sha384"))
    #expect(data.digest.count == 48)
    #expect(data.fieldValue(byteCount: 32) == Array(data.digest.prefix(32)))
    #expect(
      Hex.encode(Hash.sha384.digest(Array(Golden.initData.utf8)))
        == "7f7f6cf7b5a14fe14ee56a0c1ffb9149a13dea2edc682f59d59a29b2e09c69d1c7d2699645bbf8f6850df2343eac68a1")
  }

  @Test func everyByteOfTheTextCounts() throws {
    let data = try InitData(toml: Golden.initData)
    for other in ["# note\n" + Golden.initData, Golden.initData + "\n", Golden.initData.replacing("\n", with: "\r\n")] {
      #expect(try InitData(toml: other).digest != data.digest)
    }
  }

  @Test(arguments: [("sha256", 32), ("SHA384", 48), ("Sha512", 64)])
  func theAlgorithmIsTheTextsOwn(_ name: String, _ count: Int) throws {
    #expect(
      try InitData(toml: "algorithm = '\(name)'  # as measured\nversion=\"0.1.0\"\n[data]\n").digest.count == count)
  }

  @Test(arguments: ["sha-256", "sha-384", "sm3", "sha1", "md5"])
  func otherAlgorithmsAreRefused(_ name: String) {
    #expect(throws: KBSProtocolError.unsupportedInitDataAlgorithm) {
      try InitData(toml: "version = \"0.1.0\"\nalgorithm = \"\(name)\"\n")
    }
  }

  /// Texts in which some reader of TOML, or a careless one, could see another algorithm.
  private let ambiguous = [
    "", "version = \"0.1.0\"\n", "algorithm = \"sha256\"\n", "version = \"0.2.0\"\nalgorithm = \"sha256\"\n",
    "version = \"0.1.0\"\n[data]\nalgorithm = \"sha256\"\n",
    "version = \"0.1.0\"\nalgorithm = \"sha256\"\nalgorithm = \"sha384\"\n",
    "version = \"0.1.0\"\nalgorithm = sha256\n", "version = \"0.1.0\"\nalgorithm = \"sha256\" x\n",
    "version = \"0.1.0\"\nalgorithm = \"sha256\"\nx = \"y\"\n",
    "version = \"0.1.0\"\nalgorithm = \"sha256\nx\"\n", "version = \"0.1.0\"\nalgorithm = \"\"\n",
    "version = \"0.1.0\"\nalgorithm = \"sha\\u0032\"\n", "version = \"0.1.0\"\n\"algorithm\" = \"sha256\"\n",
    "version = \"0.1.0\"\nalgorithm = \"\"\"sha256\"\"\"\n", "version = \"0.1.0\"\nother = 1\nalgorithm = \"sha256\"\n",
    "version = \"0.1.0\"\ndata.x = '''\nalgorithm = \"sha256\"\n'''\n", "version\nalgorithm = \"sha256\"\n",
    "{\"version\":\"0.1.0\",\"algorithm\":\"sha256\"}",
  ]

  @Test func whateverAnotherReaderCouldReadOtherwiseIsRefused() {
    for text in ambiguous { #expect(throws: KBSProtocolError.self, "\(text)") { try InitData(toml: text) } }
  }

  @Test func onlyTOMLIsAccepted() throws {
    let json: JSONValue = ["format": "json", "body": .string(Golden.initData)]
    #expect(throws: KBSProtocolError.unsupportedInitDataFormat) {
      try AttestationMessage(parsing: Golden.bytes(Golden.attestation(initData: json)), version: .v0_4_0)
    }
    let toml: JSONValue = ["format": "toml", "body": .string(Golden.initData)]
    let message = try AttestationMessage(parsing: Golden.bytes(Golden.attestation(initData: toml)), version: .v0_4_0)
    #expect(message.initData == (try InitData(toml: Golden.initData)))
  }
}
