import CTransport

/// Readiness of descriptors, and a way for other threads to end the wait. Owns its two descriptors.
final class Poller: Sendable {
  struct Interest: OptionSet, Sendable {
    let rawValue: UInt32
    static let readable = Interest(rawValue: UInt32(ct_readable))
    static let writable = Interest(rawValue: UInt32(ct_writable))
    static let halfClosed = Interest(rawValue: UInt32(ct_half_closed))
    /// Reported whether asked for or not.
    static let hungUp = Interest(rawValue: UInt32(ct_hung_up))
  }

  struct Event {
    let token: UInt64
    let ready: Interest
  }

  /// Never given to a descriptor of the caller's.
  static let wakeToken = UInt64.max

  private let poll: Int32
  private let waker: Int32

  init() throws(TransportError) {
    let poll = ct_poll_open()
    guard poll >= 0 else { throw .outOfResources(errno: -poll) }
    let waker = ct_wake_open()
    guard waker >= 0 else {
      ct_close(poll)
      throw .outOfResources(errno: -waker)
    }
    self.poll = poll
    self.waker = waker
    let added = ct_poll_add(poll, waker, Interest.readable.rawValue, Self.wakeToken)
    guard added == 0 else { throw .outOfResources(errno: -added) }
  }

  deinit {
    ct_close(poll)
    ct_close(waker)
  }

  func add(_ descriptor: Int32, _ interest: Interest, token: UInt64) -> Bool {
    ct_poll_add(poll, descriptor, interest.rawValue, token) == 0
  }

  func change(_ descriptor: Int32, _ interest: Interest, token: UInt64) {
    _ = ct_poll_change(poll, descriptor, interest.rawValue, token)
  }

  func remove(_ descriptor: Int32) { _ = ct_poll_remove(poll, descriptor) }

  /// Ends a wait that is under way, or the next one. For any thread.
  func wake() { ct_wake(waker) }

  /// Fills `events` with what is ready; wake-ups are taken in and not reported. nil waits without end.
  func wait(milliseconds: Int32?, into events: inout [Event]) {
    events.removeAll(keepingCapacity: true)
    let found = unsafe withUnsafeTemporaryAllocation(of: ct_event.self, capacity: 256) { raw in
      let count = unsafe ct_poll_wait(poll, raw.baseAddress, Int32(raw.count), milliseconds ?? -1)
      return (0..<max(0, Int(count))).map { unsafe raw[$0] }
    }
    for event in found {
      if event.token == Self.wakeToken {
        ct_wake_clear(waker)
      } else {
        events.append(Event(token: event.token, ready: Interest(rawValue: event.ready)))
      }
    }
  }
}
