import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Replay
import SignedNotes
import SimulatedTEE
import Testing
import TransparencyLog
import Transport
import Verification

@testable import Broker

private let secret = Array("a model key of thirty-two bytes!".utf8)

/// The blobs of a bench, with what a test does to them.
struct BenchBlobs: BlobSource {
  let bench: Bench
  var removed: Set<[UInt8]> = []
  var altered: [[UInt8]: [UInt8]] = [:]

  func blob(_ digest: [UInt8]) async throws -> [UInt8]? {
    if removed.contains(digest) { return nil }
    if let altered = altered[digest] { return altered }
    return try? await bench.broker.evidence.read(digest)
  }
}

extension Bench {
  /// A broker with a bundle in force and a key for it.
  static func ready(_ bundle: JSONValue = bundle(), _ options: Options = Options()) async throws -> Bench {
    let bench = try await Bench.make(options)
    #expect(try await bench.approve(bundle).status == 200)
    #expect(try await bench.admin(.put, "/v1/keys/models/demo/key?bundle=demo", body: secret).status == 200)
    return bench
  }

  /// Every entry of the log, examined as an auditor does.
  func examined(_ blobs: BenchBlobs? = nil, openings: NameOpenings? = nil) async throws -> [Examination] {
    var source = blobs ?? BenchBlobs(bench: self)
    var examiner = Examiner(openings: openings)
    var found: [Examination] = []
    for index in 0..<(await broker.log.size) {
      found.append(try await examiner.examine(try await broker.log.entry(at: index), at: index, &source))
    }
    return found
  }
}

extension Examination {
  var word: String {
    switch outcome {
    case .follows: "follows"
    case .same: "same"
    case .different(let differences): "different " + differences.map(\.field).joined(separator: " ")
    case .evidenceExpired(let missing): "expired \(missing.what)"
    case .fault(let code, _): "fault \(code)"
    }
  }
}

/// Every kind of decision: allowed and refused attestations and releases, before and after a change of the registry.
private func eventful(_ bench: Bench) async throws {
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  _ = try await Pod.attested(bench) { $0.tee.measurement[0] ^= 1 }
  #expect(try await bench.approve(bundle("other", measurement: 0x11)).status == 200)
  #expect(try await bench.admin(.put, "/v1/keys/models/other/key?bundle=other", body: secret).status == 200)
  #expect(try await pod.fetch(bench, "models/other/key").status == 403)
  #expect(try await bench.submit(.revoking("bundle/demo"), by: [bench.approvers[0]]).status == 200)
  #expect(try await pod.fetch(bench).status == 403)
  _ = try await Pod.attested(bench) { $0.version = .v0_2_0 }
}

@Test func everyDecisionComesOutTheSameAgain() async throws {
  let bench = try await Bench.ready()
  try await eventful(bench)
  let found = try await bench.examined()
  #expect(found.filter { $0.leaf.decision != nil }.count == 6)
  #expect(found.map(\.word).filter { $0 != "follows" && $0 != "same" } == [])
  for examination in found {
    guard let replayed = examination.replayed, examination.leaf.decision?.release == nil else { continue }
    #expect(replayed.verdict == CanonicalJSON.encode(replayed.inputs.record.verdict))
  }
}

@Test func decisionsOnTrustDomainsComeOutTheSameAgain() async throws {
  let guest = SimulatedTDX(issuedAt: Bench.start.adding(.seconds(-3600)))
  let tdx: JSONValue = ["mrTD": [.string(Hex.encode(guest.mrTD))]]
  var options = Bench.Options()
  options.collateral = Endorsements(recognising: guest.collateral.files.map(\.bytes))
  let bench = try await Bench.ready(bundle { $0["tees"] = ["tdx": tdx] }, options)
  for change: (inout SimulatedTDX) -> Void in [{ _ in }, { $0.mrTD[0] ^= 1 }, { $0.platform.components[0] = 7 }] {
    var pod = Pod()
    var guest = guest
    change(&guest)
    pod.tdx = guest
    _ = try await pod.open(bench)
    _ = try await pod.attest(bench)
    _ = try await pod.fetch(bench)
    bench.advance(.seconds(70))
  }
  let found = try await bench.examined().filter { $0.leaf.decision != nil }
  #expect(found.count == 4)
  #expect(found.allSatisfy { $0.word == "same" })
}

@Test func decisionsWithInitDataComeOutTheSameAgain() async throws {
  let bench = try await Bench.ready()
  let initData = try InitData(toml: "version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"note.txt\" = \"hello\"\n")
  var pod = Pod()
  pod.tee.hostData = initData.fieldValue(byteCount: 32)
  _ = try await pod.open(bench)
  #expect(try await pod.attest(bench, try pod.attestation(initData: initData).encoded()).status == 200)
  #expect(try await bench.examined().last?.word == "same")
}

@Test func aDecisionWithoutItsBlobsIsExpiredAndNothingElse() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  let leaf = try #require(try await bench.entries().last)
  for (name, what) in [("evidence", "evidence")] {
    let digest = try Hex.decode(try #require(leaf[name]?.stringValue), "digest")
    let words = try await bench.examined(BenchBlobs(bench: bench, removed: [digest])).map(\.word)
    #expect(words.suffix(2) == ["expired \(what)", "expired \(what)"])
    #expect(words.dropLast(2).allSatisfy { $0 == "follows" })
  }
}

/// Without the approvers nobody can say whether a statement holds; the decisions still come out as they did.
@Test func aLogWithoutItsApproversStillHasItsDecisions() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  let digest = try Hex.decode(try #require(try await bench.entries()[0]["approvers"]?.stringValue), "digest")
  let words = try await bench.examined(BenchBlobs(bench: bench, removed: [digest])).map(\.word)
  #expect(words == ["expired approvers", "follows", "follows", "same"])
}

@Test func aBlobWithOtherBytesIsAFault() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  let leaf = try #require(try await bench.entries().last)
  let digest = try Hex.decode(try #require(leaf["evidence"]?.stringValue), "digest")
  var bytes = try await bench.broker.evidence.read(digest)
  bytes[bytes.count / 2] ^= 1
  #expect(
    try await bench.examined(BenchBlobs(bench: bench, altered: [digest: bytes])).last?.word == "fault blobAltered")
}

/// Whatever a broker writes into a leaf against its own evidence is found, member by member.
@Test func everyMemberOfALeafThatFollowsFromTheEvidenceIsCompared() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  _ = try await Pod.attested(bench) { $0.tee.measurement[0] ^= 1 }
  let size = await bench.broker.log.size
  // The pseudonym is keyed; the rest says who wrote and when, which no evidence tells.
  let free: Set = ["platform", "client", "build", "epoch", "node", "v", "type"]
  for last in size - 3..<size {
    let leaf = try #require(try StrictJSON.parse(try await bench.broker.log.entry(at: last)).objectValue)
    for member in leaf.members where !free.contains(member.key) {
      var changed = leaf
      changed[member.key] = altered(member.value)
      let word = try await outcome(bench, of: .object(changed), at: last)
      #expect(word != "same", "\(member.key) of entry \(last)")
    }
  }
}

/// And whatever it stores as its verdict against its own evidence.
@Test func everyMemberOfAStoredVerdictIsHeldAgainstItsEvidence() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  let last = await bench.broker.log.size - 1
  let leaf = try #require(try StrictJSON.parse(try await bench.broker.log.entry(at: last)).objectValue)
  let digest = try Hex.decode(try #require(leaf["evidence"]?.stringValue), "digest")
  let record = try #require(try StrictJSON.parse(try await bench.broker.evidence.read(digest)).objectValue)
  let verdict = try #require(record["verdict"]?.objectValue)
  for member in verdict.members {
    var (lying, changed, leaf) = (verdict, record, leaf)
    lying[member.key] = altered(member.value)
    changed["verdict"] = .object(lying)
    let stored = try await bench.broker.evidence.store(CanonicalJSON.encode(.object(changed)))
    leaf["evidence"] = .string(Hex.encode(stored))
    let word = try await outcome(bench, of: .object(leaf), at: last)
    #expect(word.hasPrefix("different verdict.\(member.key)"), "\(member.key): \(word)")
  }
}

private func altered(_ value: JSONValue) -> JSONValue {
  switch value {
  case .null: "x"
  case .bool(let flag): .bool(!flag)
  case .number(let number): .int((number.integer(UInt64.self) ?? 0) + 1)
  case .string(let text): .string(text == "allow" ? "deny" : text == "deny" ? "allow" : swapped(text))
  case .array(let items): .array(items + ["x"])
  case .object(let object):
    .object(object.members.enumerated().map { ($1.key, $0 == 0 ? altered($1.value) : $1.value) })
  }
}

private func swapped(_ text: String) -> String {
  guard let last = text.last else { return "x" }
  return text.dropLast() + (last == "Z" ? "0Z" : last == "1" ? "2" : "1")
}

/// What becomes of an entry that stands in place of the log's own.
private func outcome(_ bench: Bench, of leaf: JSONValue, at last: UInt64) async throws -> String {
  var source = BenchBlobs(bench: bench)
  var examiner = Examiner()
  for index in 0..<last {
    _ = try await examiner.examine(try await bench.broker.log.entry(at: index), at: index, &source)
  }
  do {
    return try await examiner.examine(CanonicalJSON.encode(leaf), at: last, &source).word
  } catch { return "\(error)" }
}

@Test func aReleaseWithoutAnAttestationThatPassedIsAFault() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  let last = await bench.broker.log.size - 1
  var leaf = try #require(try StrictJSON.parse(try await bench.broker.log.entry(at: last)).objectValue)
  leaf["attestation"] = .int(last)
  #expect(try await outcome(bench, of: .object(leaf), at: last) == "fault attestationUnknown")
}

@Test func aStatementWithoutItsQuorumIsAFault() async throws {
  let bench = try await Bench.ready()
  let index = try #require(try await bench.entries().firstIndex { $0["type"] == "refvalues" })
  var leaf = try #require(try await bench.entries()[index].objectValue)
  let digest = try Hex.decode(try #require(leaf["statement"]?.stringValue), "digest")
  let whole = try SignedStatement(parsing: try await bench.broker.evidence.read(digest))
  var alone = try SignedStatement(proposing: whole.statement)
  try alone.sign(with: bench.approvers[0])
  leaf["statement"] = .string(Hex.encode(try await bench.broker.evidence.store(alone.bytes)))
  #expect(try await outcome(bench, of: .object(leaf), at: UInt64(index)) == "fault quorumTooFew")
}

@Test func anEntryThatWasLeftOutIsMissed() async throws {
  let bench = try await Bench.ready()
  _ = try await Pod.attested(bench)
  var source = BenchBlobs(bench: bench)
  var examiner = Examiner()
  var words: [String] = []
  for index in 0..<(await bench.broker.log.size) where index != 1 {
    words.append(try await examiner.examine(try await bench.broker.log.entry(at: index), at: index, &source).word)
  }
  #expect(words.contains("fault registryPosition"))
}

/// What would follow from another bundle: what it refuses, what it lets in, and nothing from the very same.
@Test func anotherBundleTurnsRoundTheDecisionsThatItShould() async throws {
  let bench = try await Bench.ready()
  let (pod, _) = try await Pod.attested(bench)
  _ = try await pod.fetch(bench)
  _ = try await Pod.attested(bench) { $0.tee.measurement = [UInt8](repeating: 0x11, count: 48) }
  let found = try await bench.examined()
  let supposed: (JSONValue) throws -> [Bool] = { document in
    let bundle = try ReferenceBundle(document: document)
    return try found.compactMap { examination in
      try Supposition(examination) { values throws(ParseError) in try values.supposing(bundle) }?.changes
    }
  }
  #expect(try supposed(bundle()) == [false, false, false])
  #expect(try supposed(bundle(measurement: 0x11)) == [true, true, true])
  #expect(try supposed(bundle("wide", measurement: 0x11)) == [false, false, true])
}
