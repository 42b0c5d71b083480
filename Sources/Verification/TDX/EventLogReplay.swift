import Cryptography
package import Evidence

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
    let replayed = log.replayedRegisters
    values = replayed.map { $0 ?? [UInt8](repeating: 0, count: 48) }
    states = registers.indices.map { index in
      if let value = replayed[index] { return value == registers[index] ? .replayed : .differs }
      return registers[index].allSatisfy { $0 == 0 } ? .untouched : .unproven
    }
    eventCount = log.events.count
    dataProvedCount = log.events.count { $0.register != nil && Hash.sha384.digest($0.data) == $0.digest }
  }

  var summary: String {
    states.indices.map { "RTMR\($0) \(states[$0].rawValue)" }.joined(separator: ", ")
  }
}

extension MeasurementLog {
  /// What RTMR0 to RTMR3 hold when nothing but these events extended them, 48 bytes each; `nil` for a register without
  /// an event.
  package var replayedRegisters: [[UInt8]?] {
    var values = [[UInt8]?](repeating: nil, count: 4)
    for event in events {
      guard let register = event.register else { continue }
      let before = values[register] ?? [UInt8](repeating: 0, count: 48)
      values[register] = Hash.sha384.digest(before + event.digest)
    }
    return values
  }
}
