import Bytes
import Cryptography
import Fetch
import KBSProtocol
import Telemetry

/// Gets the model's key: by attesting to the broker, or from the guest components that do so themselves.
struct KeyRelease: Sendable {
  private let configuration: Configuration
  private let timeline: BootTimeline
  private let broker: Exchange
  private let guest: Exchange
  private let pause: Pause
  private let gate: Locked<GPUGate?>
  /// One for all parts: each key is released to the very processor and GPUs that the others were.
  private let chosen = Locked<(any EvidenceSource)?>(nil)

  /// - Parameter gate: where the gate in front of the GPUs is left, for whoever has to close it.
  init(
    _ configuration: Configuration, timeline: BootTimeline, broker: @escaping Exchange, guest: @escaping Exchange,
    pause: @escaping Pause, gate: Locked<GPUGate?>
  ) {
    self.configuration = configuration
    self.timeline = timeline
    self.broker = broker
    self.guest = guest
    self.pause = pause
    self.gate = gate
  }

  /// - Returns: bytes that were encrypted to a key pair of this call and whose release is proven to be logged (or, from
  ///   the guest components, bytes with neither).
  ///
  /// The gate in front of the GPUs stays closed: `openGate` comes after the last key.
  /// - Parameter part: the model that the key is of.
  func obtain(_ part: ModelPart) async throws(AgentError) -> SecretBytes {
    if configuration.evidence.choice == .confidentialDataHub { return try await obtainFromGuest(part) }
    let key = TEEKeyPair.generate(.ecP256)
    let evidence = try await stage(.evidence, part) { () async throws(AgentError) in
      try await chooseEvidence()
    }
    let client = RCARClient(
      url: configuration.broker.url, send: broker, pause: pause, waivedWalls: configuration.engine.room.waivedNames)
    let release = try await stage(.release, part) { () async throws(AgentError) in
      try await client.release(part.resource, evidence: evidence, key: key)
    }
    try checkProof(release, key, part)
    return try decrypt(release, key)
  }

  private func decrypt(_ release: SealedRelease, _ key: TEEKeyPair) throws(AgentError) -> SecretBytes {
    do throws(JWEError) {
      return try JWE.decrypt(release.jwe, with: key)
    } catch {
      timeline.failed(.key, .keyNotForUs)
      throw .keyNotForUs
    }
  }

  private func chooseEvidence() async throws(AgentError) -> any EvidenceSource {
    if let chosen = chosen.withLock({ $0 }) { return chosen }
    let chooser = EvidenceChooser(configuration.evidence, guest: guest)
    let source = try await chooser.source()
    let gate = try chooser.gate(beside: source)
    let evidence: any EvidenceSource = gate.map { CompositeEvidence(processor: source, gpus: $0) } ?? source
    self.gate.withLock { $0 = gate }
    chosen.withLock { $0 = evidence }
    return evidence
  }

  /// Only now may programs use the GPUs that were judged.
  func openGate() throws(AgentError) {
    guard let gate = gate.withLock({ $0 }) else { return }
    do throws(AgentError) {
      try gate.open()
      timeline.passed(.gpus)
    } catch {
      timeline.failed(.gpus, error)
      throw error
    }
  }

  private func obtainFromGuest(_ part: ModelPart) async throws(AgentError) -> SecretBytes {
    let components = GuestComponents(url: configuration.evidence.guestComponentsURL, send: guest)
    do throws(AgentError) {
      let secret = try await components.resource(part.resource)
      timeline.passed(.release, [("acceptingKeyWithoutLogProof", true)] + part.details)
      return secret
    } catch {
      timeline.failed(.release, error)
      throw error
    }
  }

  /// Before the answer is decrypted: a key that is not shown to be logged is never in our memory.
  private func checkProof(_ release: SealedRelease, _ key: TEEKeyPair, _ part: ModelPart) throws(AgentError) {
    guard let logKey = configuration.broker.logKey else {
      timeline.passed(.logProof, [("acceptingKeyWithoutLogProof", true)] + part.details)
      return
    }
    let check = LogProofCheck(logKey: logKey, resource: part.resource, teeKey: key.jwk)
    do throws(AgentError) {
      let entry = try check.check(release.logProof, opening: release.logOpening)
      timeline.passed(
        .logProof, [("index", .int(entry.index)), ("simulated", .bool(entry.isSimulated))] + part.details)
    } catch {
      timeline.failed(.logProof, error)
      throw error
    }
  }

  private func stage<T: Sendable>(
    _ stage: BootTimeline.Stage, _ part: ModelPart, _ body: () async throws(AgentError) -> T
  ) async throws(AgentError) -> T {
    do throws(AgentError) {
      let value = try await body()
      timeline.passed(stage, part.details)
      return value
    } catch {
      timeline.failed(stage, error)
      throw error
    }
  }
}
