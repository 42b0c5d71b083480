package import Bytes
package import Evidence
import Telemetry
package import Verification

/// What vendors signed and the operator supplied. Carriers: verification follows every signature to a pinned anchor, and
/// takes what the evidence itself carries into account. What it has proved once is kept here for as long as its dates
/// last, so that the next quote of the same platform costs its own signatures only.
package final class EndorsementStore: Sendable {
  /// As supplied.
  package let all: Endorsements
  private let state: Locked<State>

  private struct State {
    /// `all`, with what was proved of its documents at `provedAt`.
    var proved: Endorsements
    var provedAt: Timestamp?
    var platforms: [[UInt8]: ProvedPlatform] = [:]
    /// The newest evaluation of each family of platforms that genuine evidence was judged by.
    var evaluations: [[UInt8]: UInt32] = [:]
  }

  private static let platformLimit = 4096
  /// How long the proofs of documents serve before those that have come into force are proved as well.
  private static let provingInterval = Duration.seconds(60)

  package init(supplied: Endorsements) {
    all = supplied
    state = Locked(State(proved: supplied))
  }

  /// The endorsements, with all that is proved already and concerns this evidence.
  package func endorsements(
    for evidence: UnverifiedEvidence, anchors: Anchors, at now: Timestamp
  ) -> Endorsements {
    guard case .tdx(let tdx) = evidence else { return all }
    let current = provedDocuments(anchors, at: now)
    let digest = ProvedPlatform.digest(of: tdx.quote)
    if let known = state.withLock({ $0.platforms[digest] }), known.isCurrent(at: now) { return current.adding(known) }
    guard let platform = provePlatform(of: tdx.quote, with: all, anchors: anchors, at: now) else { return current }
    state.withLock { state in
      if state.platforms.count >= Self.platformLimit { state.platforms.removeAll() }
      state.platforms[digest] = platform
    }
    return current.adding(platform)
  }

  private func provedDocuments(_ anchors: Anchors, at now: Timestamp) -> Endorsements {
    let known = state.withLock { state -> Endorsements? in
      guard let at = state.provedAt, at <= now, now < at.adding(Self.provingInterval) else { return nil }
      return state.proved
    }
    if let known { return known }
    let proved = all.proving(anchors: anchors, at: now)
    state.withLock { state in
      state.proved = proved
      state.provedAt = now
    }
    return proved
  }

  /// What an older evaluation is measured by.
  package var floors: EvaluationFloors { EvaluationFloors(seen: state.withLock { $0.evaluations }) }

  /// Remembers the evaluation by which genuine evidence was judged.
  package func noteEvaluation(of claims: Claims) {
    guard let tdx = claims.tdx else { return }
    state.withLock { state in
      let seen = state.evaluations[tdx.platform.fmspc] ?? 0
      state.evaluations[tdx.platform.fmspc] = max(seen, tdx.tcb.evaluationNumber)
    }
  }
}
