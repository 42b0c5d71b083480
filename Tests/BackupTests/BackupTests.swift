import Bytes
import Cryptography
import Platform
import SignedNotes
import Testing
import TransparencyLog

@testable import Backup

@Suite struct BackupTests {
  private func refusal(_ state: CopiedState) async throws -> BackupError? {
    do {
      try await state.opened().check()
      return nil
    } catch let error as BackupError { return error }
  }

  @Test func aStateComesBackAsItWas() async throws {
    let state = try CopiedState()
    let manifest = try state.take()
    #expect(manifest.size == 303 && manifest.published == 300 && manifest.hasEvidence)
    #expect(manifest.apart == ["keys/root.key", "tls/key.pem"])
    try await state.opened().check()
    let back = "\(state.path)/back"
    #expect(try await state.opened().restore(into: back, secrets: state.state) == [])
    for name in manifest.files.map(\.path) + manifest.apart where !name.hasPrefix("log/") {
      let (before, after) = (
        try SmallFile.read("\(state.state)/\(name)", limitBytes: 1 << 20),
        try SmallFile.read("\(back)/\(name)", limitBytes: 1 << 20)
      )
      #expect(before == after, "\(name)")
    }
    var log = try state.log(in: "\(back)/log")
    #expect(log.size == 303)
    #expect(try log.entry(at: 302) == CopiedState.entries(302..<303)[0])
    _ = try log.append(CopiedState.entries(303..<304))
    try log.publish()
  }

  @Test func noCopyHoldsASecret() async throws {
    let state = try CopiedState()
    let manifest = try state.take()
    #expect(manifest.files.allSatisfy { !$0.path.hasSuffix("key.pem") && $0.path != "keys/root.key" })
    for name in manifest.files.map({ "files/\($0.path)" }) + ["manifest.json", "manifest.note"] {
      #expect(!String(decoding: try state.read(name), as: UTF8.self).contains("root key, in plain"))
    }
    let back = "\(state.path)/back"
    #expect(try await state.opened().restore(into: back, secrets: nil) == ["keys/root.key", "tls/key.pem"])
  }

  @Test func evidenceMayStayBehind() async throws {
    let state = try CopiedState()
    let manifest = try state.take(evidence: false)
    #expect(!manifest.hasEvidence)
    #expect(manifest.files.allSatisfy { !$0.path.hasPrefix("evidence/") })
    #expect(manifest.files.contains { $0.path.hasPrefix("registry/") })
    try await state.opened().check()
  }

  @Test func everyChangedFileIsFound() async throws {
    let state = try CopiedState()
    let manifest = try state.take()
    for file in manifest.files {
      let name = "files/\(file.path)"
      let bytes = try state.read(name)
      var changed = bytes
      changed[bytes.count / 2] ^= 1
      try state.write(name, changed)
      #expect(try await refusal(state) == .fileAltered("\(state.copy)/\(name)"))
      try state.write(name, bytes + [0])
      #expect(try await refusal(state) == .fileAltered("\(state.copy)/\(name)"))
      state.remove("\(state.copy)/\(name)")
      #expect(try await refusal(state) == .fileMissing("\(state.copy)/\(name)"))
      try state.write(name, bytes)
    }
    try await state.opened().check()
  }

  @Test func aManifestOfSomebodyElseIsNotRead() throws {
    let state = try CopiedState()
    _ = try state.take()
    let stranger = try NoteSigner(name: "ops", key: .random())
    #expect(throws: BackupError.signature) { try BackupFolder(state.copy, key: stranger.verifierKey) }
    let manifest = try state.read("manifest.json")
    for offset in stride(from: 0, to: manifest.count, by: 97) {
      var changed = manifest
      changed[offset] ^= 1
      try state.write("manifest.json", changed)
      #expect(throws: BackupError.signature) { try state.opened() }
    }
  }

  @Test func aCopyThatWasCutShortIsNone() throws {
    let state = try CopiedState()
    _ = try state.take()
    state.remove("\(state.copy)/manifest.note")
    #expect(throws: BackupError.fileMissing("\(state.copy)/manifest.note")) { try state.opened() }
  }

  /// What a witness has seen more of does not come back: nothing that could start is left.
  @Test func anOlderLogDoesNotComeBack() async throws {
    let state = try CopiedState()
    _ = try state.take()
    var log = try state.log()
    try log.publish()
    let seen = try VerifiedCheckpoint(verifying: log.checkpoint, by: state.logKey.verifierKey).checkpoint
    #expect(seen.size == 303)
    let back = "\(state.path)/back"
    await #expect(throws: BackupError.self) {
      try await state.opened().restore(into: back, secrets: state.state, known: [seen])
    }
    #expect(!SmallFile.exists("\(back)/instance.json"))
  }

  @Test func nothingIsWrittenOverAndNothingElseIsAState() throws {
    let state = try CopiedState()
    _ = try state.take()
    #expect(throws: BackupError.exists(state.copy)) { try state.take() }
    state.remove("\(state.state)/instance.json")
    #expect(throws: BackupError.notAState(missing: "\(state.state)/instance.json")) {
      try BackupTaker(state: state.state, includesEvidence: true)
        .take(into: "\(state.path)/other", signer: state.key, at: 1_790_000_000)
    }
  }

  @Test func whatIsDamagedIsNotCopied() throws {
    let state = try CopiedState()
    try state.blob("evidence", [1, 2, 3], named: [UInt8](repeating: 7, count: 32))
    let name = String(repeating: "07", count: 32)
    #expect(throws: BackupError.blobAltered("\(state.state)/evidence/07/\(name)")) { try state.take() }
    let other = try CopiedState()
    other.remove("\(other.state)/log/tile/0/000")
    #expect(throws: BackupError.fileMissing("\(other.state)/log/tile/0/000")) { try other.take() }
    #expect(!SmallFile.exists("\(other.copy)/manifest.note"))
  }

  @Test(arguments: ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a b", "a\u{e9}"])
  func noNameLeadsOutOfTheFolder(_ path: String) throws {
    let good = BackupManifest(
      log: "l", epoch: "e", size: 1, published: 1, time: 1_790_000_000, hasEvidence: true, apart: [],
      files: [.init(path: path, bytes: [])])
    #expect(throws: ParseError.self) { try BackupManifest(parsing: good.bytes) }
  }

  @Test func aManifestReadsBack() throws {
    let manifest = BackupManifest(
      log: "l", epoch: "e", size: 7, published: 4, time: 1_790_000_000, hasEvidence: false, apart: ["keys/root.key"],
      files: [.init(path: "b", bytes: [1]), .init(path: "a/c", bytes: [])])
    #expect(try BackupManifest(parsing: manifest.bytes) == manifest)
    #expect(throws: ParseError.self) { try BackupManifest(parsing: manifest.bytes + [0x20]) }
  }
}
