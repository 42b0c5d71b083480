import Bytes
import Evidence
import SimulatedTEE
import TestSupport
import Testing

/// The event log's form.
@Suite struct MeasurementLogTests {
  private let booted = SimulatedEventLog.booted

  private func field(_ log: SimulatedEventLog) -> String? { field(log.bytes) }

  private func field(_ bytes: [UInt8]) -> String? {
    do throws(EvidenceError) {
      _ = try MeasurementLog(bytes)
      return nil
    } catch {
      if case .malformed(let problem) = error { return problem.field }
      return error.code
    }
  }

  @Test func eventsAreReadInOrder() throws {
    var log = booted
    log.appendTagged(domain: "vouchsafe.dev", operation: "model-load", content: "sha256:0000")
    let read = try MeasurementLog(log.bytes)
    #expect(read.events.map(\.index) == log.events.map(\.register))
    #expect(read.events.map(\.type) == log.events.map(\.type))
    #expect(read.events.map(\.data) == log.events.map(\.data))
    #expect(read.events.map(\.digest) == log.events.map { $0.digests[0].bytes })
    #expect(read.events.last?.register == 3)
    #expect(
      Hex.encode(read.events.last?.digest ?? [])
        == "867a232fc1cdad7a2df5d0a7608ee4d2ce231372e8a99976a130bae72bcdf298ebcd78d2d22a31056ff2ed2ba2165bcb")
  }

  @Test func theEndIsTheEndOfTheBytesOrPadding() throws {
    let endings: [SimulatedEventLog.Ending] = [.none, .ones(8), .ones(4096), .zeros(8), .zeros(4096), .ones(3)]
    for ending in endings {
      var log = booted
      log.ending = ending
      #expect(try MeasurementLog(log.bytes).events.count == booted.events.count)
    }
    var log = booted
    log.ending = .none
    #expect(field(log.bytes + [1, 0, 0, 0]) == "eventLog.event")
  }

  @Test func everyCutInsideAnEventIsRefused() throws {
    var log = booted
    log.ending = .none
    let bytes = log.bytes
    var whole = 0
    for count in 0..<bytes.count {
      guard let read = try? MeasurementLog(Array(bytes[..<count])) else { continue }
      whole += 1
      #expect(read.events.count < booted.events.count)
    }
    #expect(whole == booted.events.count)
  }

  @Test func n40CountsAndSizesAreBounded() {
    let header = { () -> Int in
      var empty = SimulatedEventLog()
      empty.ending = .none
      return empty.bytes.count
    }()
    var log = booted.bytes
    log.replaceSubrange(header + 8..<header + 12, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(field(log) == "eventLog.event.digests")
    log = booted.bytes
    log.replaceSubrange(header + 62..<header + 66, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(field(log) == "eventLog.event")
    #expect(field([UInt8](repeating: 0, count: MeasurementLog.limitBytes + 1)) == "eventLog")
  }

  @Test func n40RegistersBeyondTheLastAreRefused() {
    var log = booted
    log.append(register: 5, type: 1, "one too many")
    #expect(field(log) == "eventLog.event.index")
    log = booted
    log.append(register: 5, type: SimulatedEventLog.noAction, "extends nothing")
    #expect(field(log) == nil)
  }

  @Test func everyExtensionHasOneSHA384Digest() {
    var log = booted
    log.algorithms = [(SimulatedEventLog.sha384, 48), (0x0012, 32)]
    #expect(field(log) == nil)
    log.events[0].digests = [(0x0012, [UInt8](repeating: 1, count: 32))]
    #expect(field(log) == "eventLog.event.digest")
    log.events[0].digests = booted.events[0].digests + booted.events[0].digests
    #expect(field(log) == "eventLog.event.digests")
    log.events[0].digests = [(0x000B, [UInt8](repeating: 1, count: 32))]
    #expect(field(log) == "eventLog.event.digests")
    log.events[0].digests = []
    #expect(field(log) == "eventLog.event.digest")
  }

  @Test func theHeaderDeclaresSHA384() {
    var log = booted
    for (algorithms, expected) in [
      ([(0x0012, 32)], "eventLog.header.algorithms"), ([], "eventLog.header.algorithms"),
      ([(0x000C, 32)], "eventLog.header.algorithms"), ([(0x000C, 48), (0x000C, 48)], "eventLog.header.algorithms"),
    ] as [([(UInt16, UInt16)], String)] {
      log.algorithms = algorithms
      #expect(field(log) == expected)
    }
    for (offset, value) in [(4, 4), (32, 0), (28, 0xFF), (60, 9)] as [(Int, UInt8)] {
      var bytes = booted.bytes
      bytes[offset] = value
      #expect(field(bytes) != nil, "\(offset)")
    }
    #expect(field([]) == "eventLog.event")
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realLogsAreReadToTheirEnd() throws {
    let manifest = try VectorStore.json("cpu/manifest.json")
    let cases = try #require(manifest["cases"]?.arrayValue).filter { $0["type"] == "ccel" }
    #expect(cases.count == 5)
    for item in cases {
      let bytes = try VectorStore.read("cpu/" + (try #require(item["log"]?.stringValue)))
      #expect(try MeasurementLog(bytes).events.count == item["events"]?.integer(Int.self), "\(item["id"] ?? "")")
    }
  }
}
