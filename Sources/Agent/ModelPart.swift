import Bytes
import KBSProtocol
import Stores
import Weights

/// One sealed model of a pod: the base, or an adapter of it.
struct ModelPart: Sendable {
  /// `nil` for the base.
  let adapter: String?
  let model: Configuration.Model
  let resource: ResourcePath
  /// Where it lies below the published folder; `nil` where that folder is the model.
  let folder: String?

  /// What a line of the timeline says of it beside its stage.
  var details: [(String, JSONValue)] { adapter.map { [("adapter", .string($0))] } ?? [] }
}

/// A part whose manifest is the provider's.
struct FoundPart: Sendable {
  let part: ModelPart
  let store: any SealedStore
  let manifest: Manifest

  /// An adapter may change all that a model says: it is served with the very model that its provider names.
  static func checkBase(_ found: [FoundPart]) throws(WeightsError) {
    guard let base = found.first?.manifest else { return }
    let belongs = found.dropFirst().allSatisfy { $0.manifest.base == BaseModel(base) }
    guard base.base == nil, belongs else { throw .wrongBase }
  }
}

extension Configuration {
  private static let baseFolder = "model"
  private static let adapterFolder = "adapters"

  /// The base first.
  var parts: [ModelPart] {
    let base = ModelPart(
      adapter: nil, model: model, resource: broker.resource, folder: adapters.isEmpty ? nil : Self.baseFolder)
    let others = adapters.map {
      ModelPart(
        adapter: $0.name, model: $0.model, resource: $0.resource, folder: "\(Self.adapterFolder)/\($0.name)")
    }
    return [base] + others
  }

  /// Where the base model lies in the published folder.
  func basePath(in published: String) -> String {
    published.isEmpty || adapters.isEmpty ? published : "\(published)/\(Self.baseFolder)"
  }

  func adapterPath(_ adapter: Adapter, in published: String) -> String {
    "\(published)/\(Self.adapterFolder)/\(adapter.name)"
  }
}
