import Bytes
import CEvidence

/// The measurements that firmware, kernel and guest say they made, in order: well-formed, unverified. Nothing in it means
/// anything until its digests lead to the registers of a proved quote.
///
/// Shape: TCG event log (CCEL), digests by SHA-384, followed by what the guest appended. Spec: TCG PC Client Platform
/// Firmware Profile, event logging; Intel TDX Virtual Firmware Design Guide, register mapping.
package struct MeasurementLog: Sendable, Equatable {
  package struct Event: Sendable, Equatable {
    /// Measurement register index: 1 to 4 for RTMR0 to RTMR3, 0 for MRTD.
    package let index: UInt32
    package let type: UInt32
    /// SHA-384; empty for an event without one, which no register holds.
    package let digest: [UInt8]
    package let data: [UInt8]

    /// The RTMR it extends; `nil` for events that extend none.
    package var register: Int? { type != 3 && (1...4).contains(index) ? Int(index) - 1 : nil }
  }

  package let events: [Event]
  /// Bytes up to the end of the last event; what follows is padding.
  package let byteCount: Int

  package static let limitBytes = 4 << 20

  package init(_ bytes: [UInt8]) throws(EvidenceError) {
    guard bytes.count <= Self.limitBytes else { throw .malformed("eventLog", .tooLong) }
    let (refusal, events, end) = Self.read(bytes)
    if let error = EvidenceError(refusal) { throw error }
    for event in events where event.type != 3 {
      guard event.index <= 4 else { throw .malformed("eventLog.event.index", .outOfRange) }
      guard event.index == 0 || event.digest.count == 48 else { throw .malformed("eventLog.event.digest", .missing) }
    }
    self.events = events
    byteCount = end
  }

  /// The events up to the end or to the first record that is none, and where that is.
  private static func read(_ bytes: [UInt8]) -> (event_log_refusal, [Event], Int) {
    let slice = Slicer(bytes: bytes)
    var log = event_log()
    var found = event_log_event()
    var events: [Event] = []
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      var refusal = unsafe event_log_open(buffer.baseAddress, buffer.count, &log)
      while refusal == EVENT_LOG_OK {
        refusal = unsafe event_log_next(buffer.baseAddress, buffer.count, &log, &found)
        guard refusal == EVENT_LOG_OK else { break }
        events.append(
          Event(index: found.index, type: found.type, digest: slice(found.sha384), data: slice(found.data)))
      }
      return (refusal, events, Int(log.at))
    }
  }
}

extension EvidenceError {
  /// The error of a refusal of the C door; `nil` for a log that was read to its end.
  fileprivate init?(_ refusal: event_log_refusal) {
    switch refusal {
    case EVENT_LOG_END: return nil
    case EVENT_LOG_TRUNCATED: self = .malformed("eventLog.event", .truncated)
    case EVENT_LOG_HEADER: self = .malformed("eventLog.header", .unexpected)
    case EVENT_LOG_ALGORITHMS: self = .malformed("eventLog.header.algorithms", .outOfRange)
    case EVENT_LOG_NO_SHA384: self = .malformed("eventLog.header.algorithms", .missing)
    case EVENT_LOG_DIGESTS: self = .malformed("eventLog.event.digests", .unexpected)
    default: self = .malformed("eventLog", .unexpected)
    }
  }
}
