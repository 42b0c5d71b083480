import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

// Logs that do not lead to the registers, or that are none.
extension EvidenceNegatives {
  /// A guest that has measured a log, and carries another.
  private func carrying(_ change: (inout SimulatedEventLog) -> Void) -> Refusal.Code? {
    var log = SimulatedEventLog.booted
    var guest = SimulatedTDX.current()
    guest.measure(log)
    change(&log)
    guest.carry(log: log.bytes)
    return guest.judged()?.code
  }

  @Test func n40LogsThatLeadElsewhere() {
    let cases: [(name: String, change: (inout SimulatedEventLog) -> Void)] = [
      ("reordered", { $0.events.swapAt(1, 3) }),
      ("an event left out", { $0.events.remove(at: 0) }),
      ("a separator twice", { $0.events.insert($0.events[2], at: 2) }),
      ("an event more", { $0.append(register: 3, type: 4, "more") }),
      ("an event in a register that holds none", { $0.append(register: 4, type: 6, "more") }),
      ("an event of another register", { $0.events[0].register = 2 }),
      ("another digest", { $0.events[5].digests[0].bytes[47] ^= 1 }),
      ("an event that is none", { $0.events[5].type = SimulatedEventLog.noAction }),
    ]
    for (name, change) in cases { #expect(carrying(change) == .eventLogMismatch, "\(name)") }
    // Measured all the same, and out of the log's own order.
    var log = SimulatedEventLog.booted
    log.events[0].type = SimulatedEventLog.noAction
    let guest = with(SimulatedTDX.current()) {
      $0.measure(.booted)
      $0.carry(log: log.bytes)
    }
    #expect(guest.judged()?.code == .eventLogMismatch)
  }

  @Test func n40LogsThatAreNone() {
    let cases: [(name: String, change: (inout SimulatedEventLog) -> Void)] = [
      ("no algorithm", { $0.algorithms = [] }), ("SM3 alone", { $0.algorithms = [(0x12, 32)] }),
      ("SHA-384 of 32 bytes", { $0.algorithms = [(0x0C, 32)] }),
      ("SHA-384 twice", { $0.algorithms = [(0x0C, 48), (0x0C, 48)] }),
      ("too many algorithms", { $0.algorithms = (0..<40).map { (UInt16(0x100 + $0), 8) } + [(0x0C, 48)] }),
      ("a digest of an unknown algorithm", { $0.events[0].digests[0].algorithm = 0x0B }),
      ("two digests of one algorithm", { $0.events[0].digests.append($0.events[0].digests[0]) }),
      ("nine digests", { $0.events[0].digests = Array(repeating: $0.events[0].digests[0], count: 9) }),
      ("no digest", { $0.events[0].digests = [] }), ("a register that does not exist", { $0.events[0].register = 5 }),
      ("a register far away", { $0.events[0].register = .max - 1 }),
    ]
    for (name, change) in cases { #expect(carrying(change) == .malformed, "\(name)") }
  }

  @Test func n40EveryLengthOfALog() {
    let log = SimulatedEventLog.booted
    let guest = with(SimulatedTDX.current()) { $0.measure(log) }
    let quote = guest.quote(reportData: sessionData)
    guard let parsed = try? TDXQuote(quote) else { return #expect(Bool(false), "the quote") }
    let endorsements = guest.collateral.endorsements().proving(anchors: simulatedAnchors, at: now)
    let original = proved(log.bytes, with: parsed, endorsements)
    #expect(original.log?.dataProvedCount == log.events.count)
    let codes: Set<Refusal.Code> = [.malformed, .eventLogMismatch]
    var fields = MutationField.list([
      ("header.index", 0, codes), ("skipped", 4, []), ("header.type", 4, codes), ("skipped", 20, []),
      ("header.size", 4, codes), ("header.signature", 16, codes), ("skipped", 8, []),
      ("header.algorithms", 4, codes), ("header.algorithm", 4, codes), ("header.vendor", 1, codes),
    ])
    var offset = 65
    for (index, event) in log.events.enumerated() {
      fields += MutationField.list(
        from: offset,
        [
          ("\(index).register", 4, codes), ("skipped", 4, []), ("\(index).digests", 4, codes),
          ("\(index).algorithm", 2, codes), ("\(index).digest", 48, codes), ("\(index).size", 4, codes),
        ])
      // What the data say is proved by nobody; a digest may be of something else.
      offset += 66 + event.data.count
    }
    fields.removeAll { $0.name == "skipped" || $0.range.isEmpty }
    var mutator = Mutator(bytes: log.bytes, fields: fields, lengthCodes: codes)
    // What ends a log is padding.
    mutator.tails = []
    var tally = Tally()
    mutator.forEach { name, bytes, codes in
      guard (try? MeasurementLog(bytes)) != (try? MeasurementLog(log.bytes)) else { return }
      let changed = proved(bytes, with: parsed, endorsements)
      // A log that says less is a poorer one, and no forgery.
      if let log = changed.log, log.registers.contains(.unproven) || log.dataProvedCount < 6 { return }
      tally.add(name, changed.code, codes)
    }
    expect(tally, atLeast: Floor.eventLog, "event log")
  }

  /// What a log proves together with its quote, or why not.
  private func proved(
    _ bytes: [UInt8], with quote: TDXQuote, _ endorsements: Endorsements
  ) -> (log: TDXClaims.Log?, code: Refusal.Code?) {
    let log: MeasurementLog
    do throws(EvidenceError) { log = try MeasurementLog(bytes) } catch { return (nil, Refusal(error).code) }
    let evidence = UnverifiedEvidence.tdx(TDXEvidence(quote: quote, eventLog: log))
    let result = verify(
      evidence, with: endorsements, binding: Binding(reportData: sessionData), anchors: simulatedAnchors, at: now)
    return ((try? result.get())?.tdx?.eventLog, result.refusal?.code)
  }

  /// A register without any event is not proved by a log: it is said so, and it is no mismatch.
  @Test func n40ARegisterThatTheLogDoesNotKnowIsUnproven() throws {
    var guest = SimulatedTDX.current()
    guest.measure(.booted)
    guest.rtmrs[3] = [UInt8](repeating: 7, count: 48)
    let evidence = try UnverifiedEvidence.parse(tee: .tdx, kbsJSON: guest.kbsEvidence(reportData: sessionData))
    let claims = try verify(
      evidence, with: guest.collateral.endorsements(), binding: Binding(reportData: sessionData),
      anchors: simulatedAnchors, at: now
    ).get()
    #expect(claims.tdx?.eventLog?.registers == [.replayed, .replayed, .replayed, .unproven])
  }

  @Test func logsEndInEveryWayThatFirmwareEndsThem() {
    for ending: SimulatedEventLog.Ending in [.none, .ones(8), .ones(4096), .zeros(8), .zeros(3), .zeros(60_000)] {
      var log = SimulatedEventLog.booted
      log.ending = ending
      log.appendTagged(domain: "vouchsafe.dev", operation: "model-load", content: "sha256:0000")
      #expect(with(SimulatedTDX.current()) { $0.measure(log) }.judged() == nil, "\(ending)")
    }
  }
}
