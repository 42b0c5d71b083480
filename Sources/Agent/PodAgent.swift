import Bytes
import Cryptography
import KBSProtocol
import Platform
import Stores
import Telemetry
import Weights

/// The pod's start: evidence, key, weights, engine, in one straight line; and its end.
package final class PodAgent: Sendable {
  let configuration: Configuration
  let timeline: BootTimeline
  let environment: [String: String]
  private let broker: Exchange
  private let guest: Exchange
  private let pause: Pause
  private let volume = Locked<MemoryVolume?>(nil)
  let socketFolder = Locked<SocketFolder?>(nil)
  /// In front of the GPUs, where this agent looks after them.
  private let gate = Locked<GPUGate?>(nil)

  /// - Parameters:
  ///   - environment: the agent's own, of which the engine gets what the configuration names.
  ///   - broker: requests to the broker, which trusts `configuration.broker.caPEM` alone.
  ///   - guest: requests to the guest components on the loopback interface.
  ///   - pause: waits between attempts; a parameter so that tests need not.
  package init(
    _ configuration: Configuration, timeline: BootTimeline, environment: [String: String], broker: @escaping Exchange,
    guest: @escaping Exchange, pause: @escaping Pause = { try await Task.sleep(for: $0) }
  ) {
    self.configuration = configuration
    self.timeline = timeline
    self.environment = environment
    self.broker = broker
    self.guest = guest
    self.pause = pause
  }

  /// Everything up to the engine: on return the model lies in memory and its key is erased.
  /// - Returns: the model's directory.
  package func openModel() async throws(AgentError) -> String {
    do throws(AgentError) {
      let (source, manifest) = try await readManifest()
      let volume = try at(.destination) { () throws(AgentError) in try makeVolume(manifest) }
      let key = try await releaseKey(for: manifest)
      try await open(manifest, key, from: source, into: volume)
      return volume.publishedPath
    } catch {
      wipe()
      throw error
    }
  }

  /// Closes the GPUs and removes the model from memory, and what the engine left beside its socket. Harmless when there
  /// is nothing.
  package func wipe() {
    gate.withLock { $0 }?.close()
    volume.withLock { $0 }?.discard()
    socketFolder.withLock { $0 }?.remove()
  }

  private func at<T>(_ stage: BootTimeline.Stage, _ body: () throws(AgentError) -> T) throws(AgentError) -> T {
    do throws(AgentError) {
      let value = try body()
      timeline.passed(stage)
      return value
    } catch {
      timeline.failed(stage, error)
      throw error
    }
  }

  /// On a thread of its own: a server may take its time.
  private func readManifest() async throws(AgentError) -> (any SealedStore, Manifest) {
    let reading = ModelReading(model: configuration.model)
    do {
      let found = try await OwnThread.run { try reading.read() }
      timeline.passed(.manifest)
      return found
    } catch {
      let failure = error as? AgentError ?? (error as? PlatformError).map(AgentError.platform) ?? .keyNotForUs
      timeline.failed(.manifest, failure)
      throw failure
    }
  }

  private func makeVolume(_ manifest: Manifest) throws(AgentError) -> MemoryVolume {
    let wanted = configuration.destination
    let needed = TmpfsVolume.footprint(of: manifest.files.map(\.size))
    do throws(PlatformError) {
      let mount = wanted.mount == .own ? try OwnMemory.mount(on: wanted.tmpfs, bytes: needed + needed >> 6) : nil
      let volume = MemoryVolume(
        try TmpfsVolume(
          directory: wanted.tmpfs, name: wanted.name, neededBytes: needed,
          acceptingSwap: wanted.acceptingSwap || mount?.neverSwaps == true, token: Hex.encode(SystemRandom.bytes(16))))
      self.volume.withLock { $0 = volume }
      return volume
    } catch {
      throw .platform(error)
    }
  }

  private func releaseKey(for manifest: Manifest) async throws(AgentError) -> ModelKey {
    let release = KeyRelease(configuration, timeline: timeline, broker: broker, guest: guest, pause: pause, gate: gate)
    let secret = try await release.obtain()
    do throws(AgentError) {
      let key = try Self.modelKey(consume secret, for: manifest)
      timeline.passed(.key)
      return key
    } catch {
      timeline.failed(.key, error)
      throw error
    }
  }

  private static func modelKey(
    _ secret: consuming SecretBytes, for manifest: Manifest
  ) throws(AgentError) -> ModelKey {
    do throws(WeightsError) {
      let key = try ModelKey(secret)
      try key.check(against: manifest)
      return key
    } catch {
      throw .weights(error)
    }
  }

  /// The key's last owner is the opener, which ends with this call.
  private func open(
    _ manifest: Manifest, _ key: ModelKey, from source: any SealedStore, into volume: MemoryVolume
  ) async throws(AgentError) {
    let model = configuration.model
    do {
      try await OwnThread.run {
        let opener = try Opener(
          manifest, key: key, width: model.threads,
          checking: model.verifiesDigests ? .segmentsAndDigests : .segments)
        try opener.open(from: source, into: volume)
      }
    } catch {
      let failure: AgentError =
        if let error = error as? WeightsError { .weights(error) } else if let error = error as? PlatformError {
          .platform(error)
        } else { .weights(.storage(path: "", .init(error))) }
      timeline.failed(.weights, failure)
      throw failure
    }
    timeline.passed(.weights, [("bytes", .int(manifest.totalSize)), ("files", .int(manifest.files.count))])
  }
}
