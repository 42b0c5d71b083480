import Appraisal
import Bytes
import Cryptography
import Evidence
import Replay
import SignedNotes
import SimulatedTEE
import TestSupport
import Testing
import TransparencyLog
import Transport

@testable import Broker

/// The public files of a bench's log.
private struct BenchLog: LogSource {
  let bench: Bench
  func file(at path: String) async throws -> [UInt8]? { try await bench.broker.log.file(at: path) }
}

/// A pack taken apart, to be put together otherwise with a chain that holds.
private struct Records {
  var list: [PackRecord] = []
  /// Where each record begins.
  var starts: [Int] = []

  init(_ pack: [UInt8]) {
    var offset = PackRecord.magic.count
    while offset < pack.count {
      let length = pack[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
      let body = offset + PackRecord.headBytes
      guard let kind = PackRecord.Kind(rawValue: pack[offset]), body + length <= pack.count else { return }
      list.append(PackRecord(kind, Array(pack[body..<body + length])))
      starts.append(offset)
      offset = body + length
    }
  }

  var bytes: [UInt8] {
    var chain = PackRecord.firstChain
    return list.reduce(into: PackRecord.magic) { bytes, record in
      let next = record.encoded(after: chain)
      bytes += next.bytes
      chain = next.chain
    }
  }

  func indices(_ kind: PackRecord.Kind) -> [Int] { list.indices.filter { list[$0].kind == kind } }
}

private struct Packed: Sendable {
  let bytes: [UInt8]
  let key: NoteVerifierKey
  let early: [UInt8]

  /// A log with every kind of record in its pack but those of a later beginning.
  static func make() async throws -> Packed {
    let bench = try await Bench.ready()
    let early = try #require(try await bench.broker.log.file(at: "checkpoint"))
    let (pod, _) = try await Pod.attested(bench)
    _ = try await pod.fetch(bench)
    _ = try await Pod.attested(bench) { $0.tee.measurement[0] ^= 1 }
    let gone = try await bench.entries().last?["evidence"]?.stringValue
    let blobs = BenchBlobs(bench: bench, removed: [try Hex.decode(try #require(gone), "digest")])
    let key = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey).verifierKey
    return Packed(bytes: try await pack(bench, blobs, known: [early]).bytes, key: key, early: early)
  }

  static func pack(
    _ bench: Bench, _ blobs: BenchBlobs? = nil, known: [[UInt8]] = []
  ) async throws -> (bytes: [UInt8], summary: PackSummary) {
    let key = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey).verifierKey
    let maker = PackMaker(
      key: key, known: try known.map { try VerifiedCheckpoint(verifying: $0, by: key) })
    var source = BenchLog(bench: bench)
    var bytes: [UInt8] = []
    let summary = try await maker.make(&source, blobs ?? BenchBlobs(bench: bench)) { bytes += $0 }
    #expect(summary.bytes == UInt64(bytes.count))
    return (bytes, summary)
  }

  /// What becomes of a pack: the words of its entries, or the code of its refusal and the refusal itself.
  func outcome(_ pack: [UInt8]? = nil, known: [Checkpoint] = []) async -> (words: [String], refusal: String?) {
    var words: [String] = []
    do {
      _ = try await PackExaminer(key: key, known: known).examine(PackInMemory(pack ?? bytes)) { found, _ in
        words.append(found.word)
      }
      return (words, nil)
    } catch let error as PackError { return (words, "\(error.code): \(error)") } catch { return (words, "? \(error)") }
  }

  func refusal(_ change: (inout Records) -> Void) async -> String? {
    var records = Records(bytes)
    change(&records)
    return await outcome(records.bytes).refusal.map { String($0.prefix { $0 != ":" }) }
  }
}

@Test func aPackHoldsEveryDecisionAndNeedsNothingElse() async throws {
  let packed = try await Packed.make()
  let (words, refusal) = await packed.outcome()
  #expect(refusal == nil)
  #expect(words == ["follows", "follows", "follows", "same", "same", "expired evidence"])
  let records = Records(packed.bytes)
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
  let records = Records(packed.bytes)
  var places = Set(0..<PackRecord.magic.count)
  for (index, start) in records.starts.enumerated() {
    let body = start + PackRecord.headBytes
    let count = records.list[index].body.count
    places.formUnion(start..<body)
    let step = max(1, count / 40)
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
  #expect(places.count >= 1000)
  #expect(accepted == [])
}
