import Appraisal
import Bytes
import Cryptography
import Evidence
import Platform
import Replay
import SignedNotes
import SimulatedTEE
import TestSupport
import Testing
import TransparencyLog
import Transport

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

@Test func aPackHoldsEveryDecisionAndNeedsNothingElse() async throws {
  let packed = try await Packed.make()
  let (words, refusal) = await packed.outcome()
  #expect(refusal == nil)
  #expect(words == ["follows", "follows", "follows", "same", "same", "expired evidence"])
  let records = PackRecords(packed.bytes)
  #expect(records.bytes == packed.bytes)
  #expect(Set(records.list.map(\.kind)) == [.header, .checkpoint, .known, .blob, .absent, .entry, .frontier])
}

@Test func theSameLogGivesTheSamePack() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  let first = try await Packed.pack(bench)
  #expect(try await Packed.pack(bench) == first)
  #expect(first.summary.same == 2 && first.summary.absent == 0)
}

/// Every record's head, and bytes of every body: each flip is refused, and by the record that it is in.
@Test func everyFlippedByteOfAPackIsRefusedByName() async throws {
  let packed = try await Packed.make()
  let records = PackRecords(packed.bytes)
  var places = Set(0..<PackRecord.magic.count)
  for (index, start) in records.starts.enumerated() {
    let body = start + PackRecord.headBytes
    let count = records.list[index].body.count
    places.formUnion(start..<body)
    let step = max(1, count / 110)
    places.formUnion(stride(from: body, to: body + count, by: step))
    if count > 0 { places.insert(body + count - 1) }
  }
  var accepted: [Int] = []
  for place in places {
    var pack = packed.bytes
    pack[place] ^= UInt8(1 << (place % 8))
    let refusal = await packed.outcome(pack).refusal
    let record = records.starts.lastIndex { $0 <= place }
    let wanted = record.map { "record \($0) (" } ?? "not a pack"
    if refusal?.contains(wanted) != true { accepted.append(place) }
  }
  #expect(places.count >= 2000)
  #expect(accepted == [])
}

@Test func aPackThatWasCutIsRefusedWhereItEnds() async throws {
  let packed = try await Packed.make()
  let records = PackRecords(packed.bytes)
  for (index, start) in records.starts.enumerated() {
    for cut in [start, start + 20, start + PackRecord.headBytes + records.list[index].body.count / 2] {
      let cut = min(cut, packed.bytes.count - 1)
      let refusal = await packed.outcome(Array(packed.bytes[..<cut])).refusal
      #expect(
        refusal?.hasPrefix("packTruncated: it ends in record \(index) (") == true,
        "\(index) at \(cut): \(refusal ?? "")")
    }
  }
  #expect(await packed.outcome(Array(PackRecord.magic.dropLast())).refusal?.hasPrefix("notAPack") == true)
  #expect(await packed.outcome([]).refusal?.hasPrefix("notAPack") == true)
}

/// Whoever changes a pack can also write its chain anew: what is wrong is found in what the records say.
@Test func aPackThatWasPutTogetherOtherwiseIsRefused() async throws {
  let packed = try await Packed.make()
  let records = PackRecords(packed.bytes)
  let (entries, blobs) = (records.indices(.entry), records.indices(.blob))
  #expect(await packed.outcome(packed.bytes + [0]).refusal?.hasPrefix("packExtended") == true)
  let cases: [(String, (inout PackRecords) -> Void)] = [
    ("packExtended", { $0.list.append($0.list[$0.list.count - 1]) }),
    ("recordOutOfOrder", { $0.list.swapAt(0, 1) }),
    ("recordOutOfOrder", { $0.list.insert($0.list[1], at: 1) }),
    ("recordOutOfOrder", { $0.list.insert($0.list[entries[5]], at: entries[5]) }),
    ("recordOutOfOrder", { $0.list.remove(at: entries[5]) }),
    ("packExtended", { $0.list.append(PackRecord(.known, packed.early)) }),
    ("recordOutOfOrder", { $0.list.insert(PackRecord(.known, packed.early), at: entries[1]) }),
    ("recordRepeated", { $0.list.insert($0.list[blobs[0]], at: blobs[0]) }),
    ("recordRepeated", { $0.list.insert($0.list[blobs[0]], at: entries[4]) }),
    ("recordUnneeded", { $0.list.insert(PackRecord(.blob, [1, 2, 3]), at: entries[0] + 1) }),
    ("recordUnneeded", { $0.list.insert(PackRecord(.absent, .init(repeating: 1, count: 32)), at: entries[0] + 1) }),
    ("recordMalformed", { $0.list.insert(PackRecord(.absent, [1]), at: entries[0] + 1) }),
    ("blobUndeclared", { $0.list.remove(at: blobs[0]) }),
    ("headerMismatch", { $0.header { $0["size"] = 5 } }),
    ("headerMismatch", { $0.header { $0["origin"] = "vouchsafe.test/other" } }),
    ("recordMalformed", { $0.header { $0["more"] = true } }),
    ("recordMalformed", { $0.header { $0["from"] = 99 } }),
    ("frontierMismatch", { $0.list[$0.list.count - 1] = PackRecord(.frontier, .init(repeating: 0, count: 64)) }),
    ("leafMalformed", { $0.list[entries[1]] = PackRecord(.entry, []) }),
  ]
  for (index, item) in cases.enumerated() {
    #expect(await packed.refusal(item.1) == item.0, "case \(index)")
  }
  for (place, index) in entries.enumerated() {
    let changed = await packed.refusal { records in
      var text = String(decoding: records.list[index].body, as: UTF8.self)
      text = text.replacing("\"node\":\"test\"", with: "\"node\":\"tess\"")
      records.list[index] = PackRecord(.entry, Array(text.utf8))
    }
    // The first three stand under the earlier checkpoint already.
    #expect(changed == (place < 3 ? "logForked" : "rootMismatch"), "entry \(place)")
  }
}

/// Taking evidence out is no way to have a decision pass: what is not there is said not to be there.
@Test func evidenceThatIsSaidToBeAbsentProvesNothing() async throws {
  let packed = try await Packed.make()
  func without(_ start: String) async throws -> (words: [String], refusal: String?) {
    var records = PackRecords(packed.bytes)
    let place = try #require(records.indices(.blob).last { records.list[$0].body.starts(with: start.utf8) })
    let last = records.indices(.entry).first { $0 > place } ?? 0
    let first = records.indices(.entry).last { $0 < place } ?? 0
    records.list[place] = PackRecord(.absent, Hash.sha256.digest(records.list[place].body))
    #expect(first < place && place < last)
    return await packed.outcome(records.bytes)
  }
  // The anchors, which are asked for last; the evidence record, without which nobody asks for them.
  let anchors = try await without("[")
  #expect(anchors.refusal == nil)
  #expect(anchors.words.suffix(3) == ["expired anchors", "expired anchors", "expired evidence"])
  #expect(try await without("{\"advisories\"").refusal?.hasPrefix("recordUnneeded") == true)
}

@Test func aPackIsHeldAgainstWhatTheAuditorSawBefore() async throws {
  let packed = try await Packed.make()
  let early = try VerifiedCheckpoint(verifying: packed.early, by: packed.key).checkpoint
  #expect(await packed.outcome(known: [early]).refusal == nil)
  let other = Checkpoint(origin: early.origin, size: early.size, root: .leaf([1]))
  #expect(await packed.outcome(known: [other]).refusal?.hasPrefix("logForked") == true)
  let later = Checkpoint(origin: early.origin, size: 99, root: .leaf([1]))
  #expect(await packed.outcome(known: [later]).refusal?.hasPrefix("knownNotCovered") == true)
  let stranger = Packed(
    bytes: packed.bytes, key: try NoteSigner(name: "vouchsafe.test/log", key: .random()).verifierKey, early: [])
  #expect(await stranger.outcome().refusal?.contains("record 1 (the checkpoints)") == true)
}

/// The log's own key signs a leaf that does not follow from its evidence: the tree is right, the decision is not.
@Test func aLieThatTheLogSignedIsToldFromItsEvidence() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  let signer = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey)
  let log = try DecisionLog.open(MemoryIO(), signer: signer, absence: .begin, executor: try SerialThread())
  for leaf in try await bench.entries() {
    var object = try #require(leaf.objectValue)
    if object["type"] == "decision", object["for"] == "attestation" { object["tee"] = ["tdx"] }
    _ = try await log.commit(CanonicalJSON.encode(.object(object)))
  }
  try await log.publish()
  var source = LogFiles(log: log)
  var pack: [UInt8] = []
  let maker = PackMaker(key: signer.verifierKey)
  let summary = try await maker.make(&source, BenchBlobs(bench: bench)) { pack += $0 }
  #expect(summary.different == 2 && summary.same == 0)
  let packed = Packed(bytes: pack, key: signer.verifierKey, early: [])
  #expect(
    await packed.outcome().words == [
      "follows", "follows", "follows", "different leaf.tee[0]", "fault attestationUnknown",
    ])
}

@Test func aPackTakesNoBlobUnderAnothersName() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  let digest = try Hex.decode(try #require(try await bench.entries().last?["evidence"]?.stringValue), "digest")
  await #expect(throws: PackError.blobAltered(digest)) {
    try await Packed.pack(bench, BenchBlobs(bench: bench, altered: [digest: [1, 2, 3]]))
  }
}

/// What the log names is too long for a record; who verifies a pack would refuse it.
@Test func aPackTakesNoBlobThatIsTooLong() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  let long = [UInt8](repeating: 0x20, count: PackRecord.Kind.blob.limitBytes + 1)
  let digest = Hash.sha256.digest(long)
  let signer = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey)
  let log = try DecisionLog.open(MemoryIO(), signer: signer, absence: .begin, executor: try SerialThread())
  for leaf in try await bench.entries() {
    var object = try #require(leaf.objectValue)
    if object["type"] == "decision" { object["evidence"] = .string(Hex.encode(digest)) }
    _ = try await log.commit(CanonicalJSON.encode(.object(object)))
  }
  try await log.publish()
  var source = LogFiles(log: log)
  let blobs = BenchBlobs(bench: bench, altered: [digest: long])
  await #expect(throws: PackError.blobTooLong(digest)) {
    try await PackMaker(key: signer.verifierKey).make(&source, blobs) { _ in }
  }
}

@Test func privateNamesGoIntoThePackWithTheirOpenings() async throws {
  let bench = try await Bench.make(.init(privateNames: true))
  #expect(try await bench.approve(bundle()).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  await bench.broker.flushLog()
  let openings = try await bench.broker.openings(from: 0, count: 100)
  let key = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey).verifierKey
  var source = LogFiles(log: bench.broker.log)
  var pack: [UInt8] = []
  _ = try await PackMaker(key: key, openings: openings).make(&source, BenchBlobs(bench: bench)) { pack += $0 }
  let packed = Packed(bytes: pack, key: key, early: [])
  #expect(await packed.outcome().words == ["follows", "follows", "follows", "same", "same"])
  let without = await packed.refusal { records in records.list.removeAll { $0.kind == .openings } }
  #expect(without == "leafMalformed")
}

/// A pack that begins later stands on what changed the registry before it, each proved to be in the log.
@Test func aLaterPackStandsOnWhatChangedTheRegistryBefore() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  await bench.broker.flushLog()
  let early = try #require(try await bench.broker.log.file(at: "checkpoint"))
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  let whole = try await Packed.pack(bench, known: [early])
  let later = try await Packed.pack(bench, known: [early], from: 4)
  let key = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey).verifierKey
  let packed = Packed(bytes: later.bytes, key: key, early: early)
  #expect(await packed.outcome().words == ["follows", "follows", "follows", "same", "same"])
  #expect(later.bytes.count < whole.bytes.count)
  let known = try VerifiedCheckpoint(verifying: early, by: key).checkpoint
  #expect(known.size == 4)
  #expect(await packed.outcome(known: [known]).refusal == nil)
  let fork = Checkpoint(origin: known.origin, size: 4, root: .leaf([1]))
  #expect(await packed.outcome(known: [fork]).refusal?.hasPrefix("logForked") == true)
  let before = Checkpoint(origin: known.origin, size: 3, root: .leaf([1]))
  #expect(await packed.outcome(known: [before]).refusal?.hasPrefix("knownNotCovered") == true)

  let records = PackRecords(later.bytes)
  let (context, frontiers) = (records.indices(.context), records.indices(.frontier))
  #expect(context.count == 3 && frontiers.count == 2)
  let altered = await packed.refusal {
    $0.list[context[1]] = PackRecord(.context, records.list[context[1]].body + [0x20])
  }
  #expect(altered == "proofInvalid")
  #expect(await packed.refusal { $0.list.swapAt(context[1], context[2]) } != nil)
  let base = PackRecord(.frontier, .init(repeating: 7, count: 32))
  #expect(await packed.refusal { $0.list[frontiers[0]] = base } == "logForked")
  #expect(await packed.refusal { $0.list.remove(at: frontiers[0]) } == "recordOutOfOrder")
  // A change that is left out is missed by the entries that follow it.
  var without = records
  without.list.remove(at: context[2])
  #expect(await packed.outcome(without.bytes).words.contains("fault registryPosition"))
}
