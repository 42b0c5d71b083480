import Cryptography
import Evidence

/// What an event log leads to, beside what the registers hold.
///
/// A log proves the order of its digests and no more: what an event's data say is proved only where the digest is the
/// data's own. Spec: TCG PC Client Platform Firmware Profile; Intel TDX Module, TDG.MR.RTMR.EXTEND.
struct EventLogReplay: Sendable, Equatable {
  /// RTMR0 to RTMR3 as the log leads to them, 48 bytes each.
  let values: [[UInt8]]
  let states: [TDXClaims.RegisterState]
  let eventCount: Int
  /// Events whose digest is that of their data.
  let dataProvedCount: Int

  init(_ log: MeasurementLog, registers: [[UInt8]]) {
    var values = [[UInt8]](repeating: [UInt8](repeating: 0, count: 48), count: 4)
    var covered = Set<Int>()
    var proved = 0
    for event in log.events {
      guard let register = event.register else { continue }
      values[register] = Hash.sha384.digest(values[register] + event.digest)
      covered.insert(register)
      if Hash.sha384.digest(event.data) == event.digest { proved += 1 }
    }
    self.values = values
    states = registers.indices.map { index in
      if covered.contains(index) { return values[index] == registers[index] ? .replayed : .differs }
      return registers[index].allSatisfy { $0 == 0 } ? .untouched : .unproven
    }
    eventCount = log.events.count
    dataProvedCount = proved
  }

  var summary: String {
    states.indices.map { "RTMR\($0) \(states[$0].rawValue)" }.joined(separator: ", ")
  }
}
