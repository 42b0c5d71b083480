import Appraisal
import Bytes
import Cryptography
import Telemetry

/// A pod that passed: what was judged, the key that everything it gets is encrypted to, and where that is in the log.
struct AttestedSession: Sendable {
  /// Log index of the attestation's leaf: the session's identity in cookie and token.
  let logIndex: UInt64
  let result: AttestationResult
  let teeKey: JWK
  let subject: DecisionSubject
  let expires: Timestamp
}

/// The sessions that may still ask for resources. Bounded; the oldest go first, and their pods attest again.
final class AttestedSessions: Sendable {
  private struct State {
    var byIndex: [UInt64: AttestedSession] = [:]
    var order: [UInt64] = []
    var first = 0
  }

  private let capacity: Int
  private let state = Locked(State())

  init(capacity: Int) { self.capacity = capacity }

  func insert(_ session: AttestedSession) {
    state.withLock { state in
      state.byIndex[session.logIndex] = session
      state.order.append(session.logIndex)
      while state.byIndex.count > capacity, state.first < state.order.count {
        state.byIndex[state.order[state.first]] = nil
        state.first += 1
      }
      if state.first > 4096, state.first * 2 > state.order.count {
        state.order.removeFirst(state.first)
        state.first = 0
      }
    }
  }

  /// The session, unless it is unknown or over.
  func session(_ index: UInt64, at now: Timestamp) -> AttestedSession? {
    state.withLock { state in
      guard let session = state.byIndex[index] else { return nil }
      guard now < session.expires else {
        state.byIndex[index] = nil
        return nil
      }
      return session
    }
  }
}
