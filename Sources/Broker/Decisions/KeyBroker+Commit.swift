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
  /// The salt of the resource's name, where this log commits to names.
  let resourceSalt: [UInt8]?
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
      explanationDigest = try await evidence.store(CanonicalJSON.encode(salted(explanation)))
    }
    let writer = names.writer()
    let leaf = try Leaf.decision(
      scope, judgement, explanation: explanationDigest, subject: subject,
      references: try await storedReferences(snapshot.values), registry: snapshot.position, from: origin, at: now
    ).encoded(writer)
    let receipt = try await commit(leaf)
    counters.add(.init("vouchsafe_decisions_total", .init("result", judgement.allows ? "allow" : "deny")))
    if judgement.isBreakGlass { counters.add(.init("vouchsafe_break_glass_decisions_total")) }
    return CommittedDecision(leaf: leaf, receipt: receipt, resourceSalt: writer.salt(of: "resource"))
  }

  /// The document of which a leaf holds the digest, unguessable where names are private.
  private func salted(_ document: JSONValue) -> JSONValue {
    guard let noise = names.noise(), var object = document.objectValue else { return document }
    object["salt"] = noise
    return .object(object)
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

  /// A request that a stranger can make at will and that never reached a judgement: counted, and nothing more.
  /// - Parameter code: from a closed set of ours.
  func countCheapRefusal(_ code: String) {
    denySummary.count(code, at: clock())
    counters.add(.init("vouchsafe_refusals_total", .init("code", code)))
  }

  private func refuse(_ code: String, _ explanation: JSONValue, at now: Timestamp) -> String {
    denySummary.count(code, at: now)
    counters.add(.init("vouchsafe_refusals_total", .init("code", code)))
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
