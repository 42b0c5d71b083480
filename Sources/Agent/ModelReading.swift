import Platform
import Stores
import Weights

/// Finds the sealed model and holds its signature against the provider's key, before a key is asked for: a pod that cannot use
/// a key causes no release.
struct ModelReading: Sendable {
  let model: Configuration.Model

  /// Blocks while a server answers.
  func read() throws(AgentError) -> (any SealedStore, Manifest) {
    let (store, manifest, note): (any SealedStore, [UInt8], [UInt8])
    do {
      store = try open()
      (manifest, note) = (try store.manifest(), try store.note())
    } catch let error as PlatformError {
      throw .platform(error)
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .weights(.storage(path: "", .init(error)))
    }
    return (store, try verified(manifest, note))
  }

  private func open() throws -> any SealedStore {
    guard let store = model.store else { return try SealedDirectory(model.directory, width: model.threads) }
    return try RemoteModel(store.location, store.access)
  }

  private func verified(_ bytes: [UInt8], _ note: [UInt8]) throws(AgentError) -> Manifest {
    do throws(WeightsError) {
      let manifest = try SignedManifest.verify(manifest: bytes, note: note, by: model.providerKey)
      guard model.name == nil || model.name == manifest.identity.model,
        model.version == nil || model.version == manifest.identity.version
      else { throw .wrongModel }
      return manifest
    } catch {
      throw .weights(error)
    }
  }
}
