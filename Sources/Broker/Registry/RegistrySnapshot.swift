import Appraisal
import Bytes
import KBSProtocol

/// The registry at one position of the log: what was registered, by whose signatures, and which wrapped keys stand on it.
struct RegistrySnapshot: Sendable {
  var values: ReferenceValues
  /// The newest version of each resource that was not deleted.
  var keys: [ResourcePath: KeyRecord] = [:]
  /// Highest version ever used, and the bundle a resource is bound to; both outlive a deletion.
  var history: [ResourcePath: Binding] = [:]
  var position = RegistryPosition.empty

  struct Binding: Equatable, Sendable {
    var version: UInt64
    var bundle: String
  }

  /// Registers the record.
  /// - Throws: `resourceBound` when the resource belongs to another bundle, `storeDamaged` when versions do not rise.
  mutating func put(_ record: KeyRecord) throws(BrokerError) {
    if let bound = history[record.resource] {
      guard bound.bundle == record.bundle else { throw .resourceBound }
      guard record.version == bound.version + 1 else { throw .storeDamaged }
    } else {
      guard record.version == 1 else { throw .storeDamaged }
    }
    history[record.resource] = Binding(version: record.version, bundle: record.bundle)
    keys[record.resource] = record
  }

  /// Decides anew, on the registry as it is here, whether the judged pod may have the record's key.
  func judge(_ record: KeyRecord, for result: AttestationResult, at now: Timestamp) -> Judgement {
    let bound = Set([record.bundle])
    let decision = decide(
      record.resource, version: record.version, for: result, boundTo: bound, values: values, at: now)
    return Judgement(decision, on: record.resource, for: result, at: now)
  }

  mutating func delete(_ resource: ResourcePath) throws(BrokerError) {
    guard keys[resource] != nil else { throw .resourceUnknown }
    keys[resource] = nil
  }
}
