import ModelSigning
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
    let proved = try verified(manifest, note)
    try checkPublisher(proved)
    return (store, proved)
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

  /// Holds the digests that the manifest names against those that the publisher signed; the bytes are held against the
  /// manifest when they are opened.
  private func checkPublisher(_ manifest: Manifest) throws(AgentError) {
    guard let publisher = model.publisher else { return }
    let bytes: [UInt8]
    do throws(PlatformError) {
      bytes = try SmallFile.read(publisher.bundlePath, limitBytes: ModelSignature.limitBytes)
    } catch {
      throw .platform(error)
    }
    do throws(ModelSigningError) {
      let signed = try ModelSignature(parsing: bytes).verified(by: publisher.trust)
      try signed.check(manifest.files.map { SignedModel.File(path: $0.path, sha256: $0.sha256) })
    } catch {
      throw .publisher(error)
    }
  }
}
