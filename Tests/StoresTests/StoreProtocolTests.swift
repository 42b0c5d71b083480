import Bytes
import Cryptography
import Fetch
import Platform
import Testing
import Weights

@testable import Stores

@Suite struct StoreProtocolTests {
  private static let keys = BucketKeys(
    accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: nil)

  /// The published example "GET Object" of the signing process.
  @Test func theVendorsExampleHasTheVendorsSignature() throws {
    let fields = SignatureV4(Self.keys, region: "us-east-1").fields(
      host: "examplebucket.s3.amazonaws.com", path: "/test.txt", headers: [("range", "bytes=0-9")],
      at: try Timestamp(rfc3339: "2013-05-24T00:00:00Z"))
    let authorization = fields.first { $0.0 == "Authorization" }?.1 ?? ""
    #expect(
      authorization.hasSuffix("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    #expect(authorization.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"))
  }

  @Test func aSessionTokenIsSentAndSigned() {
    let keys = BucketKeys(accessKey: "A", secretKey: "s", sessionToken: "tok")
    let fields = SignatureV4(keys, region: "r").fields(host: "h", path: "/b/k", at: 1_700_000_000)
    #expect(fields.contains { $0 == ("x-amz-security-token", "tok") })
    #expect(fields.contains { $0 == ("x-amz-date", "20231114T221320Z") })
    #expect(fields.last?.1.contains("x-amz-date;x-amz-security-token,") == true)
    #expect(!fields.contains { $0.0 == "host" })
  }

  @Test func namesAreEncodedByteByByte() {
    #expect(PercentEncoding.encode("/b/a b+ü~", keepingSlash: true) == "/b/a%20b%2B%C3%BC~")
    #expect(PercentEncoding.encode("a/b", keepingSlash: false) == "a%2Fb")
  }

  @Test(arguments: [
    ("bytes 0-39/100", 0..<40, 100), ("bytes 5-5/6", 5..<6, 6), ("BYTES 1-2/3", 1..<3, 3),
  ])
  func aPartIsReadAsItIsWritten(_ text: String, _ part: Range<Int>, _ total: Int) {
    #expect(ContentRange(text)?.part == part)
    #expect(ContentRange(text)?.total == total)
  }

  @Test(arguments: [
    "", "bytes", "bytes */100", "bytes 0-39/*", "bytes 40-39/100", "bytes 0-100/100", "bytes -1-3/9", "bytes 0-3/",
    "0-3/9",
    "bytes  0-3/9", "bytes 0-3/9/9", "bytes 0-3-4/9", "bytes 0-99999999999999999999/999999999999999999999",
    "bytes +0-3/9",
  ])
  func whatIsNoPartIsNone(_ text: String) { #expect(ContentRange(text) == nil) }

  @Test func aChallengeNamesWhereTokensAre() {
    let text = #"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull""#
    #expect(
      BearerChallenge(text)?.url
        == "https://auth.example/token?service=registry.example&scope=repository%3Aa%2Fb%3Apull")
    #expect(BearerChallenge(#"Bearer realm="https://a/t?x=1""#)?.url == "https://a/t?x=1")
    for bad in [
      "", "Basic realm=\"x\"", "Bearer", "Bearer realm=\"file:///etc\"", #"Bearer realm="https://a",realm="https://b""#,
    ] {
      #expect(BearerChallenge(bad) == nil)
    }
  }

  @Test func keysAreReadFromTheDefaultSectionAlone() throws {
    let model = try StoredModel(["f": [1]])
    let tree = try FileTree.open(model.path)
    let text = """
      [other]
      aws_access_key_id = WRONG
      aws_secret_access_key = WRONG
      [default]
      # a comment
      aws_access_key_id = RIGHT
      aws_secret_access_key=s/e+c=
      aws_session_token = t

      """
    try StoredModel.write(Array(text.utf8), "credentials", tree)
    let keys = try SharedCredentials.keys(in: "\(model.path)/credentials")
    #expect(keys.accessKey == "RIGHT")
    #expect(keys.sessionToken == "t")
    #expect(
      keys.hmac("x") == BucketKeys(accessKey: "", secretKey: "s/e+c=", sessionToken: nil).hmac("x"))
    try StoredModel.write(Array("[other]\naws_access_key_id = X\n".utf8), "none", tree)
    #expect(throws: StoreError.self) { try SharedCredentials.keys(in: "\(model.path)/none") }
    #expect(throws: StoreError.self) { try SharedCredentials.keys(in: "\(model.path)/absent") }
  }

  @Test func anAnswerOfTheTokenServiceIsReadStrictly() {
    let element = { TokenExchange.element("AccessKeyId", of: $0) }
    #expect(element("<r><AccessKeyId>ASIA123</AccessKeyId></r>") == "ASIA123")
    for bad in [
      "", "<AccessKeyId></AccessKeyId>", "<AccessKeyId>A", "<AccessKeyId>A</AccessKeyId><AccessKeyId>B</AccessKeyId>",
      "<AccessKeyId>A<b/></AccessKeyId>", "<AccessKeyId>A B</AccessKeyId>", "<AccessKeyId>A\r\nX: y</AccessKeyId>",
    ] { #expect(element(bad) == nil) }
  }

  @Test func anArtifactNamesWhatItIsMadeOf() throws {
    let model = try StoredModel(["a": [1, 2], "b": []])
    let note = Array("note".utf8)
    let document = OCIArtifact.document(of: model.manifest, note: note)
    let items = try OCIArtifact.items(in: document.bytes)
    #expect(items[.manifest] == "sha256:\(Hex.encode(Hash.sha256.digest(model.manifest.bytes)))")
    #expect(items[.note] == "sha256:\(Hex.encode(Hash.sha256.digest(note)))")
    let index = OCIArtifact.index(of: document, tag: "1")
    #expect(try OCIArtifact.onlyArtifact(ofIndex: index) == "sha256:\(document.name)")
    for bad in [[], Array("{}".utf8), Array(document.bytes.dropLast()), index] {
      #expect(throws: StoreError.malformedAnswer) { try OCIArtifact.items(in: bad) }
    }
    for bad in [[], Array("{}".utf8), Array(index.dropLast()), document.bytes] {
      #expect(throws: StoreError.malformedAnswer) { try OCIArtifact.onlyArtifact(ofIndex: bad) }
    }
  }
}
