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

@testable import Broker

/// The public files of a log.
struct LogFiles: LogSource {
  let log: DecisionLog
  func file(at path: String) async throws -> [UInt8]? { try await log.file(at: path) }
}

/// A pack taken apart, to be put together otherwise with a chain that holds.
struct PackRecords {
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

  mutating func header(_ change: (inout JSONObject) -> Void) {
    var object = (try? StrictJSON.parse(list[0].body))?.objectValue ?? JSONObject()
    change(&object)
    list[0] = PackRecord(.header, CanonicalJSON.encode(.object(object)))
  }

  func indices(_ kind: PackRecord.Kind) -> [Int] { list.indices.filter { list[$0].kind == kind } }
}

struct Packed: Sendable {
  let bytes: [UInt8]
  let key: NoteVerifierKey
  let early: [UInt8]

  /// A log with every kind of record in its pack but those of a later beginning.
  static func make() async throws -> Packed {
    let bench = try await Bench.ready()
    await bench.broker.flushLog()
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
    _ bench: Bench, _ blobs: BenchBlobs? = nil, known: [[UInt8]] = [], from: UInt64 = 0
  ) async throws -> (bytes: [UInt8], summary: PackSummary) {
    await bench.broker.flushLog()
    let key = try NoteSigner(name: "vouchsafe.test/log", key: bench.broker.keyring.logKey).verifierKey
    let maker = PackMaker(
      key: key, known: try known.map { try VerifiedCheckpoint(verifying: $0, by: key) }, from: from)
    var source = LogFiles(log: bench.broker.log)
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

  func refusal(_ change: (inout PackRecords) -> Void) async -> String? {
    var records = PackRecords(bytes)
    change(&records)
    return await outcome(records.bytes).refusal.map { String($0.prefix { $0 != ":" }) }
  }
}
