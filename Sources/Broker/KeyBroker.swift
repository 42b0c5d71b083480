import Bytes
import Cryptography
import Evidence
import KBSProtocol
import SignedNotes
import Telemetry
import TransparencyLog
import Verification

/// The broker: verifier and relying party in one process. Holds the parts that requests go through; how a request goes
/// through them is in `Attest.swift` and `Release.swift`.
package final class KeyBroker: Sendable {
  let configuration: BrokerConfiguration
  let instance: Instance
  let keyring: Keyring
  let vault: Vault
  let anchors: Anchors
  /// SHA-256 of the stored document of extra anchors (a JSON array of their files); `nil` without any.
  let extraAnchorsDigest: [UInt8]?
  let endorsements: EndorsementStore
  let log: DecisionLog
  let evidence: BlobStore
  let registry: Registry
  /// `nil` when nobody countersigns the log.
  let witnesses: WitnessBoard?
  let handshakes: Handshakes
  let sessions: AttestedSessions
  let names: LeafNames
  let clients: ClientAddresses
  let handshakeLimiter: RateLimiter
  let attestLimiter: RateLimiter
  let queue: WorkQueue
  let denySummary = DenySummary()
  let refusals = RecentRefusals()
  let storedReferences = StoredReferenceMemory()
  let counters: Counters
  let events: EventLog
  let stop: StopSignal
  let origin: Leaf.Origin
  let clock: @Sendable () -> Timestamp
  let random: @Sendable (Int) -> [UInt8]
  /// The KBS listener speaks TLS.
  let isEncrypted = true

  init(_ parts: Parts) {
    configuration = parts.configuration
    instance = parts.instance
    keyring = parts.keyring
    vault = Vault(keyring: parts.keyring)
    anchors = parts.anchors
    extraAnchorsDigest = parts.extraAnchorsDigest
    endorsements = parts.endorsements
    log = parts.log
    evidence = parts.evidence
    registry = parts.registry
    witnesses = parts.witnesses
    handshakes = Handshakes(cluster: parts.instance.logName, random: parts.random)
    sessions = AttestedSessions(capacity: parts.configuration.maximumSessions)
    names = LeafNames(key: parts.instance.privateNames ? parts.keyring.namesKey : nil, random: parts.random)
    let (rate, burst) = (parts.configuration.attestRate, parts.configuration.attestBurst)
    clients = ClientAddresses(trusting: parts.configuration.trustedProxies)
    handshakeLimiter = RateLimiter(perSecond: rate, burst: burst)
    attestLimiter = RateLimiter(perSecond: rate, burst: burst)
    queue = WorkQueue(width: parts.workers, limit: 256)
    counters = parts.endorsements.parts.counters
    events = parts.events
    origin = parts.origin
    clock = parts.clock
    random = parts.random
    stop = parts.stop
  }

  /// Everything a broker is made of. Time and randomness come in from here.
  struct Parts: Sendable {
    let configuration: BrokerConfiguration
    let instance: Instance
    let keyring: Keyring
    let anchors: Anchors
    let extraAnchorsDigest: [UInt8]?
    let endorsements: EndorsementStore
    let log: DecisionLog
    let evidence: BlobStore
    let registry: Registry
    let events: EventLog
    let origin: Leaf.Origin
    let workers: Int
    let clock: @Sendable () -> Timestamp
    let random: @Sendable (Int) -> [UInt8]
    var witnesses: WitnessBoard?
    var stop = StopSignal()
  }

  /// The session that a Bearer token names: ours by signature and issuer, still running, still known here.
  func session(ofToken compact: String, at now: Timestamp) throws(BrokerError) -> AttestedSession {
    let token = try kbsParsing { () throws(KBSProtocolError) in
      try EARToken(parsing: compact, key: keyring.tokenVerifyingKey, issuer: instance.logName, at: now)
    }
    guard let session = sessions.session(token.logIndex, at: now), session.teeKey == token.teePublicKey else {
      throw .credentialExpired
    }
    return session
  }

  static let metricHelp: [String: (kind: String, text: String)] = [
    "kbs_auth_requests_total": ("counter", "Handshakes asked for."),
    "kbs_auth_successes_total": ("counter", "Handshakes opened."),
    "kbs_auth_errors_total": ("counter", "Handshakes refused."),
    "kbs_attestation_requests_total": ("counter", "Attestations asked for."),
    "kbs_attestation_successes_total": ("counter", "Attestations that gave a token."),
    "kbs_attestation_failures_total": ("counter", "Attestations that gave none."),
    "kbs_resource_reads_total": ("counter", "Keys released."),
    "vouchsafe_decisions_total": ("counter", "Decisions in the log, by result."),
    "vouchsafe_collateral_expiry_seconds": (
      "gauge", "Until the first of a kind of collateral runs out; negative after."
    ),
    "vouchsafe_collateral_age_seconds": ("gauge", "Since the oldest of a kind of collateral was issued."),
    "vouchsafe_collateral_cache_total": ("counter", "What was proved already, or at hand, when it was needed."),
    "vouchsafe_collateral_fetches_total": ("counter", "What the fetching process brought, by result."),
    "vouchsafe_collateral_failing": ("gauge", "Collateral that is not asked for just now, by why."),
    "vouchsafe_collateral_breaker_open": ("gauge", "Whether the fetching process is left alone because it failed."),
    "vouchsafe_collateral_artefacts": ("gauge", "Artefacts at hand."),
    "vouchsafe_collateral_platforms": ("gauge", "Platforms whose certificates are proved."),
    "vouchsafe_collateral_grace_active": ("gauge", "Graces for collateral that has run out, in force."),
    "vouchsafe_collateral_graced_total": (
      "counter", "Attestations judged by collateral that has run out, under a grace."
    ),
    "vouchsafe_collateral_memory_lost": ("gauge", "Whether the memory of the newest collateral was gone at the start."),
    "vouchsafe_refusals_total": ("counter", "Requests refused before any hardware signature held, by reason."),
    "vouchsafe_break_glass_total": ("counter", "Break-glass statements taken."),
    "vouchsafe_break_glass_decisions_total": ("counter", "Decisions that allowed by break-glass alone."),
    "vouchsafe_break_glass_active": ("gauge", "Break-glass statements in force."),
    "vouchsafe_log_tree_size": ("gauge", "Entries of the decision log."),
    "vouchsafe_log_cosigned_size": ("gauge", "Entries of the newest checkpoint that enough witnesses cosigned."),
    "vouchsafe_log_cosigned_age_seconds": ("gauge", "Since the first of its cosignatures was made; -1 without any."),
    "vouchsafe_log_recovered_entries": ("gauge", "Entries that this start found in the write-ahead log alone."),
    "vouchsafe_log_dropped_bytes": ("gauge", "Bytes of a torn write that this start dropped from the write-ahead log."),
    "vouchsafe_registry_epoch": ("gauge", "Changes of the registry so far."),
    "vouchsafe_unsafe_options": ("gauge", "Doors that are open and should not be in production."),
  ]
}

/// Tells the service to end, once; the first reason counts. That the log failed is remembered whenever it happens.
final class StopSignal: Sendable {
  enum Reason: Equatable, Sendable { case logFailed(String), forked(size: UInt64), asked }

  private struct State {
    var reason: Reason?
    var waiter: CheckedContinuation<Reason, Never>?
    var failure: String?
  }

  private let state = Locked(State())

  /// Why the log failed, first or last.
  var failure: String? { state.withLock { $0.failure } }

  func signal(_ reason: Reason) {
    let waiter = state.withLock { state -> CheckedContinuation<Reason, Never>? in
      if case .logFailed(let why) = reason, state.failure == nil { state.failure = why }
      guard state.reason == nil else { return nil }
      state.reason = reason
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: reason)
  }

  /// Waits for the reason. One waiter at a time.
  func wait() async -> Reason {
    await withCheckedContinuation { continuation in
      let reason = state.withLock { state -> Reason? in
        if state.reason == nil { state.waiter = continuation }
        return state.reason
      }
      if let reason { continuation.resume(returning: reason) }
    }
  }
}
