import Bytes
import Cryptography
import SignedNotes
import Testing

@testable import Weights

@Suite struct ManifestTests {
  private let digest = [UInt8](repeating: 0xAB, count: 32)

  private func file(_ path: String, size: Int = 1, role: FileRole = .other) -> Manifest.File {
    Manifest.File(path: path, size: size, role: role, sha256: digest, ciphertextSHA256: digest)
  }

  private func manifest(_ files: [Manifest.File], allowCode: Bool = false) throws -> Manifest {
    try Manifest(
      identity: ModelIdentity(model: "demo", version: "1"),
      source: ModelSource(repository: "org/repo", revision: "abc"),
      allowCode: allowCode, keyCommitment: digest, files: files)
  }

  @Test func theTextIsCanonicalAndComesBack() throws {
    let manifest = try manifest([
      file("b.safetensors", size: 9, role: .weights), file("a/config.json", role: .configuration),
    ])
    let text = String(decoding: manifest.bytes, as: UTF8.self)
    let hex = Hex.encode(digest)
    #expect(
      text == """
        {"allowCode":false,"files":[{"blob":"\(hex)","ciphertextSha256":"\(hex)","path":"a/config.json",\
        "role":"configuration","sha256":"\(hex)","size":1},{"blob":"\(hex)","ciphertextSha256":"\(hex)",\
        "path":"b.safetensors","role":"weights","sha256":"\(hex)","size":9}],"format":"vouchsafe/weights/v1",\
        "keyCommitment":"\(hex)","model":"demo","source":{"repository":"org/repo","revision":"abc"},"version":"1"}
        """)
    #expect(try Manifest(parsing: manifest.bytes) == manifest)
  }

  @Test func whatIsKnownOfTheOriginComesBackAndHasOneForm() throws {
    let base = BaseModel(try manifest([file("a")]))
    let source = try ModelSource(
      repository: "org/repo", revision: "abc", provenance: [ModelSource.Document(name: "sbom.json", sha256: digest)],
      signature: ModelSource.Signature(
        bundleSHA256: digest, modelSHA256: digest, keySHA256: digest, subject: "CN=Someone"))
    let adapter = try Manifest(
      identity: ModelIdentity(model: "adapter", version: "1"), source: source, base: base, allowCode: false,
      keyCommitment: digest, files: [file("adapter.safetensors", role: .weights)])
    #expect(try Manifest(parsing: adapter.bytes) == adapter)
    let text = String(decoding: adapter.bytes, as: UTF8.self)
    for (piece, other) in [
      ("\"provenance\":[{", "\"provenance\":[],\"x\":[{"), ("\"subject\":", "\"other\":"),
      ("\"base\":{\"manifestSha256\":\"", "\"base\":{\"manifestSha256\":\"00"), ("\"name\":\"sbom.json\",", ""),
    ] {
      let range = try #require(text.range(of: piece))
      #expect(throws: WeightsError.self) {
        try Manifest(parsing: Array(text.replacingCharacters(in: range, with: other).utf8))
      }
    }
    let long = String(repeating: "x", count: 1025)
    #expect(throws: ParseError.self) { try ModelSource(repository: long, revision: "") }
  }

  @Test func everyPrefixAndEveryTrailingByteIsRefused() throws {
    let bytes = try manifest([file("a")]).bytes
    for count in 0..<bytes.count {
      #expect(throws: WeightsError.self) { try Manifest(parsing: Array(bytes[..<count])) }
    }
    for extra in [0x20, 0x0A, 0x7D] as [UInt8] {
      #expect(throws: WeightsError.self) { try Manifest(parsing: bytes + [extra]) }
    }
  }

  /// Replacements of a piece of the text, none of which may be read.
  @Test(arguments: [
    ("\"allowCode\":false", "\"allowCode\":0"), ("\"size\":1", "\"size\":-1"), ("\"size\":1", "\"size\":1.0"),
    ("\"size\":1", "\"size\":17592186044417"), ("\"size\":1", "\"size\":99999999999999999999"),
    ("\"size\":1", "\"size\": 1"), ("\"role\":\"other\"", "\"role\":\"unknown\""), ("weights/v1", "weights/v2"),
    ("\"model\":\"demo\"", "\"model\":\"\""), ("\"model\":\"demo\"", "\"model\":\"de mo\""),
    ("\"model\":\"demo\"", "\"model\":\"../x\""), ("\"version\":\"1\"", "\"version\":\"1\",\"extra\":1"),
    ("\"version\":\"1\"", "\"version\":\"1\",\"version\":\"1\""), ("\"blob\":\"abab", "\"blob\":\"acab"),
    ("\"blob\":\"abab", "\"blob\":\"ABAB"), ("\"sha256\":\"abab", "\"sha256\":\"ab"), ("\"path\":\"a\",", ""),
  ])
  func nothingButTheOneFormIsRead(_ piece: String, _ replacement: String) throws {
    let text = String(decoding: try manifest([file("a")]).bytes, as: UTF8.self)
    guard let range = text.range(of: piece) else {
      Issue.record("the text has no \(piece)")
      return
    }
    #expect(throws: WeightsError.self) {
      try Manifest(parsing: Array(text.replacingCharacters(in: range, with: replacement).utf8))
    }
  }

  @Test(
    arguments: [
      ("", .isEmpty), ("/a", .isAbsolute), ("a//b", .hasEmptyName), ("a/", .hasEmptyName), ("..", .hasDots),
      ("a/../b", .hasDots), ("./a", .hasDots), ("a/.", .hasDots), ("a\0b", .hasControlCharacter),
      ("a\nb", .hasControlCharacter), ("a\\b", .hasControlCharacter), ("a\u{202E}b", .hasControlCharacter),
      ("a\u{7F}", .hasControlCharacter), (String(repeating: "x", count: 256), .isTooLong),
      (String(repeating: "é", count: 128), .isTooLong), (String(repeating: "abc/", count: 300) + "d", .isTooLong),
      (String(repeating: "a/", count: 16) + "b", .isTooDeep),
    ] as [(String, ModelPath.Violation)])
  func hostilePathsAreRefused(_ path: String, _ violation: ModelPath.Violation) {
    #expect(throws: WeightsError.path(violation)) { try manifest([file(path)]) }
  }

  @Test(arguments: [".gitattributes", "a/b/c.json", "model-00001-of-00002.safetensors", "...", "日本語", "a b"])
  func ordinaryPathsAreNot(_ path: String) throws {
    let manifest = try manifest([file(path)])
    #expect(try Manifest(parsing: manifest.bytes) == manifest)
  }

  @Test(
    arguments: [
      (["a", "a"], .isDuplicate), (["Config.json", "config.JSON"], .isDuplicate),
      (["caf\u{E9}", "cafe\u{301}"], .isDuplicate), (["a", "a/b"], .isBelowFile), (["A", "a/b/c"], .isBelowFile),
    ] as [([String], ModelPath.Violation)])
  func pathsThatAreOneSomewhereAreRefused(_ paths: [String], _ violation: ModelPath.Violation) {
    #expect(throws: WeightsError.path(violation)) { try manifest(paths.map { file($0) }) }
  }

  @Test func sizesAndCountsAreBounded() throws {
    #expect(throws: WeightsError.tooLarge) { try manifest([file("a", size: (1 << 44) + 1)]) }
    #expect(throws: WeightsError.tooLarge) { try manifest([file("a", size: -1)]) }
    #expect(throws: WeightsError.tooLarge) { try manifest((0..<3).map { file("f\($0)", size: 1 << 44) }) }
    #expect(throws: WeightsError.tooLarge) { try manifest((0...Manifest.fileLimit).map { file("f\($0)") }) }
    #expect(throws: WeightsError.malformed(ParseError("manifest.files", .missing))) { try manifest([]) }
    #expect(throws: WeightsError.tooLarge) {
      try Manifest(parsing: [UInt8](repeating: 0x20, count: Manifest.limitBytes + 1))
    }
    #expect(try manifest((0..<Manifest.fileLimit).map { file("f\($0)") }).files.count == Manifest.fileLimit)
    _ = try Manifest(parsing: try manifest((0..<Manifest.fileLimit).map { file("f\($0)") }).bytes)
  }

  @Test(arguments: ["w.bin", "w.pt", "W.PKL", "a/w.ckpt", "modeling.py", "x.so", "x.pth"])
  func filesThatMayCarryCodeNeedTheSignedWord(_ path: String) throws {
    #expect(throws: WeightsError.code(path: path)) { try manifest([file(path)]) }
    #expect(throws: WeightsError.code(path: "plain")) { try manifest([file("plain", role: .code)]) }
    #expect(try manifest([file(path)], allowCode: true).allowCode)
  }

  @Test func rolesFollowNames() {
    let wanted: [String: FileRole] = [
      "model.safetensors": .weights, "a/m.GGUF": .weights, "tokenizer.json": .tokenizer, "vocab.txt": .tokenizer,
      "chat_template.jinja": .template, "config.json": .configuration, "modeling.py": .code, "README.md": .other,
    ]
    for (path, role) in wanted { #expect(FileRole(path: path) == role) }
  }

  // MARK: signature

  private func signer(_ name: String = "provider", seed: UInt8 = 1) throws -> NoteSigner {
    var bytes = [UInt8](repeating: seed, count: 32)
    return try NoteSigner(name: name, key: try Ed25519PrivateKey(seed: SecretBytes(erasing: &bytes)))
  }

  @Test func aSignedManifestIsReadAndNoOther() throws {
    let manifest = try manifest([file("a")])
    let signer = try signer()
    let note = try SignedManifest.sign(manifest, by: signer)
    #expect(try SignedManifest.verify(manifest: manifest.bytes, note: note, by: signer.verifierKey) == manifest)
    let text = String(decoding: note, as: UTF8.self)
    #expect(
      text.hasPrefix("vouchsafe/weights/v1\ndemo\n1\n\(Hex.encode(Hash.sha256.digest(manifest.bytes)))\n\n— provider "))
    let other = try self.manifest([file("b")])
    #expect(throws: WeightsError.manifestMismatch) {
      try SignedManifest.verify(manifest: other.bytes, note: note, by: signer.verifierKey)
    }
    var broken = manifest.bytes
    broken[3] ^= 1
    #expect(throws: WeightsError.manifestMismatch) {
      try SignedManifest.verify(manifest: broken, note: note, by: signer.verifierKey)
    }
  }

  @Test func aManifestOfAnotherSignerIsRefused() throws {
    let manifest = try manifest([file("a")])
    let note = try SignedManifest.sign(manifest, by: try signer())
    for other in [try signer("attacker", seed: 2), try signer("provider", seed: 2), try signer("attacker", seed: 1)] {
      #expect(throws: WeightsError.signature) {
        try SignedManifest.verify(manifest: manifest.bytes, note: note, by: other.verifierKey)
      }
    }
  }

  @Test func everyFlippedBitOfTheNoteIsRefused() throws {
    let manifest = try manifest([file("a")])
    let signer = try signer()
    let note = try SignedManifest.sign(manifest, by: signer)
    for index in note.indices {
      var broken = note
      broken[index] ^= 1
      #expect(throws: WeightsError.self) {
        try SignedManifest.verify(manifest: manifest.bytes, note: broken, by: signer.verifierKey)
      }
    }
  }

  /// A provider who signs a text about another model must not lend the signature to this one.
  @Test func theNoteNamesModelAndVersion() throws {
    let manifest = try manifest([file("a")])
    let signer = try signer()
    let digest = Hex.encode(Hash.sha256.digest(manifest.bytes))
    for text in [
      "vouchsafe/weights/v1\nother\n1\n\(digest)\n", "vouchsafe/weights/v1\ndemo\n2\n\(digest)\n",
      "vouchsafe/weights/v2\ndemo\n1\n\(digest)\n", "vouchsafe/weights/v1\ndemo\n1\n\(digest)\nmore\n", "\(digest)\n",
    ] {
      let note = try SignedNote.sign(text, by: [signer]).bytes
      #expect(throws: WeightsError.manifestMismatch) {
        try SignedManifest.verify(manifest: manifest.bytes, note: note, by: signer.verifierKey)
      }
    }
  }
}

extension String {
  /// Where a piece first occurs.
  func range(of piece: String) -> Range<String.Index>? {
    indices.lazy.map { self[$0...] }.first { $0.hasPrefix(piece) }.map {
      $0.startIndex..<self.index($0.startIndex, offsetBy: piece.count)
    }
  }

  func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
