import Bytes
import Cryptography
import Testing

@testable import ModelSigning

@Suite struct SignedModelTests {
  private let signer = TestSigner()
  private let files = TestSigner.files

  private func model(_ files: [SignedModel.File] = TestSigner.files) throws -> SignedModel {
    try signer.verified(signer.bundle(TestSigner.statement(files)))
  }

  private func digest(_ text: String) -> [UInt8] { Hash.sha256.digest(text.utf8) }

  @Test func theSignedFilesAreTheSignedFilesInAnyOrder() throws {
    try model().check(files)
    try model().check(files.reversed())
  }

  @Test func eachDifferenceHasItsOwnCode() throws {
    let (model, other) = (try model(), SignedModel.File(path: "more", sha256: digest("more")))
    let changed = [SignedModel.File(path: "a.json", sha256: digest("b")), files[1]]
    let renamed = [files[0], SignedModel.File(path: "b/d.dat", sha256: files[1].sha256)]
    let cases: [([SignedModel.File], ModelSigningError)] = [
      (changed, .fileChanged(path: "a.json")), ([files[1]], .fileMissing(path: "a.json")),
      (renamed, .fileRenamed(path: "b/c.dat", to: "b/d.dat")), (files + [other], .fileUnsigned(path: "more")),
      ([], .fileMissing(path: "a.json")),
    ]
    for (found, error) in cases {
      #expect(throws: error) { try model.check(found) }
    }
    #expect(Set(cases.map(\.1.code)).count == 4)
  }

  @Test func namesAreComparedByTheirBytes() throws {
    let signed = SignedModel.File(path: "caf\u{E9}", sha256: digest("x"))
    let found = SignedModel.File(path: "cafe\u{301}", sha256: digest("x"))
    #expect(signed.path == found.path)
    #expect(throws: ModelSigningError.fileRenamed(path: signed.path, to: found.path)) {
      try model([signed]).check([found])
    }
  }

  @Test func aModelOfOneFileIsSignedWithoutItsName() throws {
    let model = try model([SignedModel.File(path: ".", sha256: digest("x"))])
    try model.check([SignedModel.File(path: "model.gguf", sha256: digest("x"))])
    #expect(throws: ModelSigningError.fileChanged(path: ".")) {
      try model.check([SignedModel.File(path: "model.gguf", sha256: digest("y"))])
    }
    let two = ["x", "y"].map { SignedModel.File(path: $0, sha256: digest("x")) }
    #expect(throws: ModelSigningError.fileRenamed(path: ".", to: "x")) { try model.check(two) }
  }

  @Test func aStatementThatContradictsItselfIsRefused() throws {
    let subject: JSONValue = [["name": "demo", "digest": ["sha256": .string(Hex.encode(digest("other")))]]]
    #expect(refusal { $0["subject"] = subject } == .inconsistent)
    let twice = [files[0], files[0]]
    let bundle = signer.bundle(TestSigner.statement(twice))
    #expect(signer.refusal(bundle) == .malformed(ParseError("statement.resources.name", .duplicate)))
  }

  @Test func whatAStatementMayNotBeIsSaid() throws {
    #expect(refusal { $0["_type"] = "https://in-toto.io/Statement/v0.1" } == .unsupported(.payload))
    #expect(refusal { $0["predicateType"] = "https://model_signing/Digests/v0.1" } == .unsupported(.predicate))
    #expect(refusal { $0["predicateType"] = nil } == .malformed(ParseError("statement.predicateType", .missing)))
    #expect(refusal { $0["later"] = "member" } == nil)
    #expect(serialization(["method": "shards", "hash_type": "sha256"]) == .unsupported(.serialization))
    #expect(serialization(["method": "files", "hash_type": "blake3"]) == .unsupported(.digest))
    for name in ["", "a\u{1B}[2J", String(repeating: "a", count: 1025)] {
      let bundle = signer.bundle(TestSigner.statement([SignedModel.File(path: name, sha256: digest("x"))]))
      #expect(signer.refusal(bundle) == .malformed(ParseError("statement.resources.name", .unexpected)))
    }
    let none = signer.bundle(TestSigner.statement([]))
    #expect(signer.refusal(none) == .malformed(ParseError("statement.resources", .missing)))
  }

  private func refusal(_ change: (inout JSONObject) -> Void) -> ModelSigningError? {
    signer.refusal(signer.bundle(TestSigner.statement(files, change)))
  }

  private func serialization(_ value: JSONValue) -> ModelSigningError? {
    refusal { statement in
      var predicate = statement["predicate"]?.objectValue ?? JSONObject()
      predicate["serialization"] = value
      statement["predicate"] = .object(predicate)
    }
  }
}
