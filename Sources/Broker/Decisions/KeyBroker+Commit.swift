import Appraisal
import Bytes
import Cryptography
import Evidence
import Telemetry
import TransparencyLog
import Verification

/// A decision that is in the log.
struct CommittedDecision: Sendable {
  let leaf: [UInt8]
  let receipt: Receipt
  /// What the pod is told, and `vouchsafe policy explain` takes.
  var decisionID: String { String(receipt.index) }
}

extension KeyBroker {
  /// Writes a decision: first the explanation of a refusal, then the leaf that names it. Only when the leaf is durable
  /// does this return.
  ///
  /// - Throws: `logUnavailable`, after which the broker stops; `leafTooLarge`.
  func commit(
    _ judgement: Judgement, _ scope: DecisionScope, _ subject: DecisionSubject, _ snapshot: RegistrySnapshot,
    at now: Timestamp
  ) async throws -> CommittedDecision {
    var explanationDigest: [UInt8]?
    if let explanation = judgement.explanation {
      explanationDigest = try await evidence.store(CanonicalJSON.encode(explanation))
    }
    let leaf = try Leaf.decision(
      scope, judgement, explanation: explanationDigest, subject: subject,
      references: try await storedReferences(snapshot.values), registry: snapshot.position, from: origin, at: now
    ).encoded()
    let receipt = try await commit(leaf)
    counters.add(.init("vouchsafe_decisions_total", .init("result", judgement.allows ? "allow" : "deny")))
    return CommittedDecision(leaf: leaf, receipt: receipt)
  }

  /// The only way to the log. A log that fails once is never written again: the service stops and says why.
  func commit(_ entry: [UInt8]) async throws -> Receipt {
    do {
      return try await log.commit(entry)
    } catch {
      failed(error)
      throw BrokerError.logUnavailable
    }
  }

  /// Says why, and asks the service to end.
  func failed(_ error: LogError) {
    events.write(.error, "log-failed", ["code": .code(error.code), "reason": .code(error.reason)])
    stop.signal(.logFailed(error.reason))
  }

  /// A refusal before any hardware signature was verified: counted, explained from memory.
  func countRefusal(_ refusal: Refusal, of tee: String, at now: Timestamp) -> Denied {
    let id = refuse(
      refusal.code.rawValue, refusal.json, at: now)
    return Denied(reason: .evidence(code: refusal.code.rawValue), decisionID: id)
  }

  func refuseUnlogged(_ reason: Denied.Reason, at now: Timestamp) -> Denied {
    let explanation: JSONValue = .object([("code", .string(reason.code)), ("detail", .string(reason.detail))])
    return Denied(reason: reason, decisionID: refuse(reason.code, explanation, at: now))
  }

  private func refuse(_ code: String, _ explanation: JSONValue, at now: Timestamp) -> String {
    denySummary.count(code, at: now)
    let id = "r" + Hex.encode(random(8))
    refusals.insert(id, explanation)
    return id
  }
}

extension Denied.Reason {
  var code: String {
    switch self {
    case .evidence(let code), .policy(let code): code
    case .malformed(let error): error.code
    }
  }

  var detail: String {
    switch self {
    case .evidence, .policy: ""
    case .malformed(.malformed(let error)): "\(error)"
    case .malformed: ""
    }
  }
}
