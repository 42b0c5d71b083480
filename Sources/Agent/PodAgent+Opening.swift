import Bytes
import Platform
import Stores
import Telemetry
import Weights

extension PodAgent {
  /// Every part's manifest, verified before a key is asked for. On a thread of its own: a server may take its time.
  func readManifests() async throws(AgentError) -> [FoundPart] {
    let parts = configuration.parts
    do {
      let found = try await OwnThread.run {
        try parts.map { part in
          let (store, manifest) = try ModelReading(model: part.model).read()
          return FoundPart(part: part, store: store, manifest: manifest)
        }
      }
      do throws(WeightsError) { try FoundPart.checkBase(found) } catch { throw AgentError.weights(error) }
      timeline.passed(.manifest)
      return found
    } catch {
      let failure = error as? AgentError ?? (error as? PlatformError).map(AgentError.platform) ?? .keyNotForUs
      timeline.failed(.manifest, failure)
      throw failure
    }
  }

  /// The key of every part. Only with the last one may programs use the GPUs.
  func releaseKeys(for found: [FoundPart], _ release: KeyRelease) async throws(AgentError) -> [ModelKey] {
    var keys: [ModelKey] = []
    for one in found {
      let secret = try await release.obtain(one.part)
      if keys.count + 1 == found.count { try release.openGate() }
      do throws(AgentError) {
        keys.append(try Self.modelKey(consume secret, for: one.manifest))
        timeline.passed(.key, one.part.details)
      } catch {
        timeline.failed(.key, error)
        throw error
      }
    }
    return keys
  }

  /// Opens every part; they show together. A key's last owner is its opener, which ends with this call.
  func open(_ found: [FoundPart], _ keys: [ModelKey], into volume: MemoryVolume) async throws(AgentError) {
    for (one, key) in zip(found, keys) {
      let destination: any Destination = one.part.folder.map { DestinationPart(volume, folder: $0) } ?? volume
      try await opening { try Self.open(one, key, into: destination) }
      timeline.passed(
        .weights,
        [("bytes", .int(one.manifest.totalSize)), ("files", .int(one.manifest.files.count))] + one.part.details)
    }
    if found.contains(where: { $0.part.folder != nil }) { try await opening { try volume.publish() } }
  }

  private static func open(_ one: FoundPart, _ key: ModelKey, into destination: any Destination) throws {
    let model = one.part.model
    let opener = try Opener(
      one.manifest, key: key, width: model.threads, checking: model.verifiesDigests ? .segmentsAndDigests : .segments)
    try opener.open(from: one.store, into: destination)
  }

  private func opening(_ body: @escaping @Sendable () throws -> Void) async throws(AgentError) {
    do {
      try await OwnThread.run(body)
    } catch {
      let failure: AgentError =
        if let error = error as? WeightsError { .weights(error) } else if let error = error as? PlatformError {
          .platform(error)
        } else { .weights(.storage(path: "", .init(error))) }
      timeline.failed(.weights, failure)
      throw failure
    }
  }
}
