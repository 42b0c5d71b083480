import Bytes
import Cryptography
import Testing

@testable import ModelSigning

@Suite struct ModelSignatureTests {
  private let signer = TestSigner()

  @Test func whatPyPIsToolSignedWithAKeyIsVerified() throws {
    let model = try ModelSignature(parsing: try Published.file("key.sig")).verified(by: try Published.key())
    #expect(model.name == "demo")
    try model.check(Published.files)
    #expect(model.ignores("model.sig") && model.ignores(".github/x") && !model.ignores("config.json"))
    #expect(!model.ignores(".githubber") && !model.ignores("sub/.github"))
    #expect(model.signer.subject == nil)
  }

  @Test func whatPyPIsToolSignedWithACertificateIsVerified() throws {
    let signature = try ModelSignature(parsing: try Published.file("certificate.sig"))
    let model = try signature.verified(by: try Published.authorities(commonName: "Model Signer"))
    try model.check(Published.files)
    #expect(model.signer.subject == "CN=Model Signer,O=Example")
  }

  @Test func aCertificateIsGoodOnlyInItsTimeForItsNameAndFromItsAuthority() throws {
    let signature = try ModelSignature(parsing: try Published.file("certificate.sig"))
    #expect(throws: ModelSigningError.otherSigner) {
      try signature.verified(by: try Published.authorities(commonName: "Someone"))
    }
    let early = Timestamp(seconds: Published.issued.seconds - 86_400)
    #expect(throws: ModelSigningError.self) { try signature.verified(by: try Published.authorities(at: early)) }
    let late = Timestamp(seconds: Published.issued.seconds + 31 * 366 * 86_400)
    #expect(throws: ModelSigningError.self) { try signature.verified(by: try Published.authorities(at: late)) }
    let others = SignerAuthorities([], commonName: nil, at: Published.issued)
    #expect(throws: ModelSigningError.chain(.untrusted(certificate: 0))) {
      try signature.verified(by: .authorities(others))
    }
  }

  @Test func aKeyDoesNotAnswerForACertificateNorOneKeyForAnother() throws {
    let (keyed, certified) = (try Published.file("key.sig"), try Published.file("certificate.sig"))
    #expect(throws: ModelSigningError.otherMaterial) {
      try ModelSignature(parsing: certified).verified(by: try Published.key())
    }
    #expect(throws: ModelSigningError.otherMaterial) {
      try ModelSignature(parsing: keyed).verified(by: try Published.authorities())
    }
    #expect(throws: ModelSigningError.otherKey) { try signer.verified(keyed) }
    #expect(TestSigner().refusal(signer.bundle()) == .signature)
  }

  @Test func aFlippedBitOfTheStatementIsRefused() throws {
    let payload = TestSigner.statement()
    for index in stride(from: 0, to: payload.count, by: 7) {
      var changed = payload
      changed[index] ^= 1
      let bundle = signer.bundle(payload) { bundle in
        var envelope = bundle["dsseEnvelope"]?.objectValue ?? JSONObject()
        envelope["payload"] = .string(Base64.encode(changed))
        bundle["dsseEnvelope"] = .object(envelope)
      }
      #expect(signer.refusal(bundle) == .signature)
    }
  }

  @Test func everyPrefixOfABundleIsRefused() throws {
    let bundle = signer.bundle()
    #expect(signer.refusal(bundle) == nil)
    for count in bundle.indices {
      guard case .malformed = signer.refusal(Array(bundle[..<count])) else {
        Issue.record("a bundle of \(count) bytes")
        return
      }
    }
    #expect(signer.refusal(bundle + [0x20]) == nil)
    #expect(signer.refusal(bundle + [0x7B]) != nil)
  }

  @Test func whatABundleMayNotBeIsSaid() throws {
    func changed(_ key: String, _ value: JSONValue?) -> ModelSigningError? {
      signer.refusal(signer.bundle { $0[key] = value })
    }
    #expect(changed("mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1") == .unsupported(.bundle))
    #expect(changed("verificationMaterial", ["tlogEntries": []]) == .unsupported(.keyless))
    #expect(changed("verificationMaterial", ["publicKey": ["hint": "00"]]) == .otherKey)
    let both: JSONValue = ["publicKey": ["hint": ""], "x509CertificateChain": ["certificates": []]]
    #expect(changed("verificationMaterial", both) == .malformed(ParseError("bundle.verificationMaterial", .duplicate)))
    let none: JSONValue = ["x509CertificateChain": ["certificates": []]]
    #expect(changed("verificationMaterial", none) == .malformed(ParseError("bundle.certificates", .missing)))
    #expect(changed("messageSignature", "x") == .malformed(ParseError("bundle.messageSignature", .unknownField)))
    let two = signer.bundle { bundle in
      var envelope = bundle["dsseEnvelope"]?.objectValue ?? JSONObject()
      let one = envelope["signatures"]?.arrayValue ?? []
      envelope["signatures"] = .array(one + one)
      bundle["dsseEnvelope"] = .object(envelope)
    }
    #expect(signer.refusal(two) == .unsupported(.signatures))
  }
}
