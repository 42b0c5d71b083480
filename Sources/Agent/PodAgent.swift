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
  /// - Returns: the directory that was published: the model, or with adapters what `Configuration.parts` lie in.
  package func openModel() async throws(AgentError) -> String {
    do throws(AgentError) {
      let found = try await readManifests()
      let volume = try at(.destination) { () throws(AgentError) in try makeVolume(found.map(\.manifest)) }
      let release = KeyRelease(
        configuration, timeline: timeline, broker: broker, guest: guest, pause: pause, gate: gate)
      try await open(found, try await releaseKeys(for: found, release), into: volume)
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

  private func makeVolume(_ manifests: [Manifest]) throws(AgentError) -> MemoryVolume {
    let wanted = configuration.destination
    let needed = TmpfsVolume.footprint(of: manifests.flatMap { $0.files.map(\.size) })
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

  static func modelKey(
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
}
