import Bytes
import HostileDisk
import SignedNotes
import Testing
import TransparencyLog

struct WitnessTests {
  private let store = MemoryWitnessStore()

  private func witness() throws -> Witness {
    try Witness(cosigner: cosigner(), logs: [logSigner().verifierKey], store: store)
  }

  private var fileName: String { Witness.fileName(ofLog: "vouchsafe.test/log") }

  @Test func theCosignatureIsThatOfTheVectors() throws {
    var witness = try witness()
    let line = try witness.add(request(0, 7).bytes, at: 1_700_000_000)
    #expect(
      line
        == utf8(
          "— witness.test/w1 rRlZ8gAAAABlU/EAn/3L/lob1gsiCxrTeRGkKemGxaZcff4MBrVN3LL31D0hkqSKXnzeNAnD1WENxgPnzmddq2iWir4RLd3Kd1GwBA==\n"
        ))
    let key = try NoteVerifierKey(vkey: "witness.test/w1+ad1959f2+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X")
    #expect(try cosigner().verifierKey == key)
    let kept = try #require(witness.checkpoint(named: fileName))
    #expect(kept == utf8(Vector.checkpoint7) + line)
    #expect(try SignedNote(parsing: kept).verifiedSignatures(by: [key]).map(\.time) == [1_700_000_000])
  }

  @Test func aLogThatGrowsIsSignedEachTime() throws {
    var witness = try witness()
    var old: UInt64 = 0
    for size: UInt64 in [0, 1, 1, 2, 7, 64, 255, 256, 257, 300] {
      let line = try witness.add(request(old, size).bytes, at: 5)
      let answer = try WitnessAnswer(status: 200, body: line)
      guard case .signed(let signatures) = answer else {
        Issue.record("not signed")
        return
      }
      var note = try SignedNote(parsing: request(old, size).checkpoint)
      for signature in signatures { try note.appendSignature(signature) }
      let policy = try QuorumPolicy(threshold: 1, of: [cosigner().verifierKey])
      #expect(
        try VerifiedCheckpoint(verifying: note.bytes, by: logSigner().verifierKey, policy: policy).size == size)
      old = size
    }
  }

  @Test func anotherSizeThanTheHeldOneIsAConflictThatNamesIt() throws {
    var witness = try witness()
    _ = try witness.add(request(0, 7).bytes, at: 5)
    for (old, new) in [(0, 7), (3, 7), (0, 300), (8, 9), (6, 7)] as [(UInt64, UInt64)] {
      #expect(throws: WitnessRefusal.stale(held: 7)) { try witness.add(request(old, new).bytes, at: 5) }
    }
    #expect(WitnessRefusal.stale(held: 7).body.bytes == utf8("7\n"))
    #expect(WitnessRefusal.stale(held: 7).body.contentType == "text/x.tlog.size")
    #expect(try WitnessAnswer(status: 409, body: utf8("7\n")) == .stale(held: 7))
    _ = try witness.add(request(7, 300).bytes, at: 5)
  }

  @Test func anotherHistoryIsNeverSigned() throws {
    var witness = try witness()
    _ = try witness.add(request(0, 7).bytes, at: 5)
    let other = entries(0..<6) + [utf8("another")] + entries(7..<300)
    for size: UInt64 in [7, 8, 256, 300] {
      #expect(throws: WitnessRefusal.inconsistent, "\(size)") {
        try witness.add(request(7, size, of: other).bytes, at: 5)
      }
      let honest = try request(7, size)
      for index in honest.proof.indices {
        var proof = honest.proof
        proof[index] = .leaf([9])
        let broken = WitnessRequest(oldSize: 7, proof: proof, checkpoint: honest.checkpoint)
        #expect(throws: WitnessRefusal.inconsistent) { try witness.add(broken.bytes, at: 5) }
      }
      let longer = WitnessRequest(oldSize: 7, proof: honest.proof + [.leaf([])], checkpoint: honest.checkpoint)
      #expect(throws: WitnessRefusal.inconsistent) { try witness.add(longer.bytes, at: 5) }
    }
    let kept = try #require(witness.checkpoint(named: fileName))
    #expect(try VerifiedCheckpoint(verifying: kept, by: logSigner().verifierKey).size == 7)
  }

  @Test func aFirstCheckpointNeedsNoProofAndTakesNone() throws {
    var witness = try witness()
    let honest = try request(0, 7)
    let padded = WitnessRequest(oldSize: 0, proof: [.leaf([])], checkpoint: honest.checkpoint)
    #expect(throws: WitnessRefusal.inconsistent) { try witness.add(padded.bytes, at: 5) }
    let signer = try logSigner()
    let empty = try Checkpoint(origin: signer.name, size: 0, root: .leaf([])).signed(by: signer)
    let lie = WitnessRequest(oldSize: 0, proof: [], checkpoint: empty)
    #expect(throws: WitnessRefusal.inconsistent) { try witness.add(lie.bytes, at: 5) }
    #expect(throws: WitnessRefusal.oldBeyondNew) { try witness.add(request(8, 7).bytes, at: 5) }
    #expect(witness.checkpoint(named: fileName) == nil)
  }

  @Test func onlyItsLogsOwnSignatureOpensAWitness() throws {
    var witness = try witness()
    let stranger = try NoteSigner(name: "other.test/log", key: key(from: 1))
    #expect(throws: WitnessRefusal.unknownLog) { try witness.add(request(0, 7, by: stranger).bytes, at: 5) }
    let thief = try NoteSigner(name: "vouchsafe.test/log", key: key(from: 1))
    #expect(throws: WitnessRefusal.untrusted(.note(.noKnownSignature))) {
      try witness.add(request(0, 7, by: thief).bytes, at: 5)
    }
    var bytes = try request(0, 7).bytes
    let root = try #require(bytes.firstIndex(of: UInt8(ascii: "/")).map { $0 + 40 })
    bytes[root] = bytes[root] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
    #expect(throws: WitnessRefusal.self) { try witness.add(bytes, at: 5) }
    #expect(witness.checkpoint(named: fileName) == nil)
  }

  @Test func statusesAreThoseOfTheSpecification() {
    let statuses: [(WitnessRefusal, Int)] = [
      (.malformed(.proofInvalid), 400), (.oldBeyondNew, 400), (.untrusted(.originMismatch), 403), (.unknownLog, 404),
      (.stale(held: 3), 409), (.inconsistent, 422), (.storeFailed, 503),
    ]
    for (refusal, status) in statuses { #expect(refusal.status == status) }
  }
}

struct WitnessStoreTests {
  private let store = MemoryWitnessStore()
  private var fileName: String { Witness.fileName(ofLog: "vouchsafe.test/log") }

  private func witness() throws -> Witness {
    try Witness(cosigner: cosigner(), logs: [logSigner().verifierKey], store: store)
  }

  @Test func whatCannotBeKeptIsNotSigned() throws {
    var first = try witness()
    _ = try first.add(request(0, 7).bytes, at: 5)
    store.fail(.lost)
    #expect(throws: WitnessRefusal.storeFailed) { try first.add(request(7, 8).bytes, at: 5) }
    store.fail(nil)
    #expect(throws: WitnessRefusal.storeFailed, "what the disk holds is unknown now") {
      try first.add(request(7, 8).bytes, at: 5)
    }
    var second = try witness()
    _ = try second.add(request(7, 8).bytes, at: 5)
  }

  @Test func aCrashBetweenKeepingAndAnsweringForgetsNothing() throws {
    var first = try witness()
    store.fail(.keptButUnanswered)
    #expect(throws: WitnessRefusal.storeFailed) { try first.add(request(0, 7).bytes, at: 5) }
    store.fail(nil)
    var second = try witness()
    #expect(throws: WitnessRefusal.stale(held: 7)) { try second.add(request(0, 8).bytes, at: 5) }
    let other = entries(0..<6) + [utf8("another")]
    #expect(throws: WitnessRefusal.inconsistent) { try second.add(request(7, 7, of: other).bytes, at: 5) }
    _ = try second.add(request(7, 7).bytes, at: 5)
  }

  @Test func aDamagedStoreIsNotGoneOnFrom() throws {
    var first = try witness()
    _ = try first.add(request(0, 7).bytes, at: 5)
    let kept = try #require(store[fileName])
    for index in stride(from: 0, to: kept.count, by: 3) {
      var damaged = kept
      damaged[index] ^= 1
      store[fileName] = damaged
      #expect(throws: Witness.StartFailure.damaged(name: fileName), "\(index)") { try witness() }
    }
    // Without our own signature anybody who has the log's key could have put it there.
    store[fileName] = utf8(Vector.checkpoint7)
    #expect(throws: Witness.StartFailure.damaged(name: fileName)) { try witness() }
    store[fileName] = kept
    #expect(try witness().sizes == ["vouchsafe.test/log": 7])
    let key = try logSigner().verifierKey
    #expect(throws: Witness.StartFailure.duplicateLog(origin: key.name)) {
      try Witness(cosigner: cosigner(), logs: [key, key], store: store)
    }
  }

  @Test func signaturesOfStrangersAreNotKept() throws {
    var first = try witness()
    let honest = try request(0, 7)
    var note = try SignedNote(parsing: honest.checkpoint)
    for index in 0..<60 {
      try note.appendSignature(NoteSignature(name: "stranger", keyID: UInt32(index), bytes: [1, 2, 3]))
    }
    _ = try first.add(WitnessRequest(oldSize: 0, proof: [], checkpoint: note.bytes).bytes, at: 5)
    #expect(try SignedNote(parsing: #require(store[fileName])).signatures.count == 2)
  }
}

struct WitnessFormatTests {
  @Test func aRequestHasOneForm() throws {
    for (old, new) in [(0, 0), (0, 7), (3, 7), (4, 7), (7, 7), (255, 300)] as [(UInt64, UInt64)] {
      let asked = try request(old, new)
      #expect(try WitnessRequest(parsing: asked.bytes) == asked)
    }
    let text = String(decoding: try request(4, 7).bytes, as: UTF8.self)
    #expect(text == "old 4\n\(Vector.consistency4to7[0])\n\n\(Vector.checkpoint7)")
  }

  @Test func whatIsNoRequestIsRefused() throws {
    var witness = try Witness(
      cosigner: cosigner(), logs: [logSigner().verifierKey], store: MemoryWitnessStore())
    let whole = String(decoding: try request(0, 7).bytes, as: UTF8.self)
    let hash = Vector.consistency4to7[0]
    let refused =
      [
        "", "\n", "old", "old \n", "old -1\n", "old 07\n", "old +0\n", "old 0", "new 0\n", "old 0\r\n", "OLD 0\n",
        "old 18446744073709551616\n\n",
      ].map { $0 + whole.dropFirst(6) } + [
        "old 0\n" + String(repeating: hash + "\n", count: 64) + whole.dropFirst(6),
        "old 0\nAAAA\n" + whole.dropFirst(6),
        "old 0\n\(hash.dropLast())\n" + whole.dropFirst(6), "old 0\n\n\n" + whole.dropFirst(7), whole + "x",
        whole + "\n",
        "old 0\n\n" + String(repeating: "x", count: 1 << 18),
      ]
    for text in refused {
      do {
        _ = try witness.add(utf8(text), at: 5)
        Issue.record("taken: \(text.prefix(80))")
      } catch { #expect([400, 403].contains(error.status), "\(text.prefix(80))") }
    }
    for length in 0..<whole.utf8.count {
      #expect(throws: WitnessRefusal.self) { try witness.add(Array(utf8(whole).prefix(length)), at: 5) }
    }
  }

  @Test func whatIsNoAnswerIsRefused() throws {
    let line = utf8(try cosigner().cosign("text\n", at: 5).line)
    #expect(try WitnessAnswer(status: 200, body: line + line) != .inconsistent)
    for body in [
      [], utf8("\n"), line.dropLast(), line + utf8("\n"), utf8("junk\n"), [UInt8](repeating: 0x41, count: 1 << 15),
    ] {
      #expect(throws: LogError.self) { try WitnessAnswer(status: 200, body: Array(body)) }
    }
    for body in ["", "7", "07\n", "-1\n", "7\n\n", "7 \n", "seven\n"] {
      #expect(throws: LogError.self) { try WitnessAnswer(status: 409, body: utf8(body)) }
    }
    #expect(try WitnessAnswer(status: 422, body: []) == .inconsistent)
    #expect(try WitnessAnswer(status: 500, body: utf8("7\n")) == .refused(status: 500))
  }
}

struct FetchedTreeTests {
  private struct Tiles: LogSource {
    let disk: CrashFS
    var asked = 0

    mutating func file(at path: String) -> [UInt8]? {
      asked += 1
      return disk[path]
    }
  }

  @Test func proofsComeOutOfTheFewTilesTheyNeed() async throws {
    let disk = CrashFS()
    let signer = try logSigner()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    for start in stride(from: 0, to: 1300, by: 130) { _ = try log.append(entries(start..<start + 130)) }
    try log.publish()
    var tree = PlainTree(entries(0..<1300))
    for old: UInt64 in [0, 1, 255, 256, 257, 1000, 1024, 1299, 1300] {
      var source = Tiles(disk: disk)
      let proof = try await FetchedTree.consistencyProof(from: old, to: 1300, &source)
      #expect(try proof == tree.consistencyProof(from: old, to: 1300))
      #expect(source.asked <= 4)
      #expect(try await FetchedTree.root(size: old, of: 1300, &source) == tree.root(size: old))
    }
    disk["tile/1/000.p/5"] = [1, 2, 3]
    var source = Tiles(disk: disk)
    await #expect(throws: LogError.self) { try await FetchedTree.consistencyProof(from: 256, to: 1300, &source) }
    disk["tile/1/000.p/5"] = nil
    await #expect(throws: AuditFailure.missing("tile/1/000.p/5")) {
      try await FetchedTree.consistencyProof(from: 256, to: 1300, &source)
    }
  }
}
