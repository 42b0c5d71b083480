package import Appraisal
import Bytes
import KBSProtocol
import SignedNotes

/// The registry as the entries of the log made it: statements whose signatures are counted again, keys by their binding.
/// An auditor's own; what the broker keeps plays no part.
package struct RegistryFold: Sendable {
  package private(set) var values: ReferenceValues
  /// The documents that leaves name while these values are in force.
  package private(set) var record: ReferenceRecord
  package private(set) var epoch: UInt64 = 0
  package private(set) var head: UInt64?
  /// The newest version of each key that was not deleted.
  package private(set) var keys: [String: LogLeaf.ResourceBinding] = [:]
  /// The last version of each key that there ever was.
  private var history: [String: LogLeaf.ResourceBinding] = [:]
  /// A statement was not there to be counted: from then on the values are not known.
  package private(set) var isComplete = true

  /// - Parameters:
  ///   - approvers: the document that the log's first entry names; empty when there are none.
  ///   - breakGlass: likewise.
  ///   - salt: what the digests of the values hold in a log that keeps names private.
  package init(approvers: [UInt8], breakGlass: [UInt8] = [], salt: [UInt8]? = nil) throws(ReplayError) {
    values = ReferenceValues(
      quorum: try Self.quorum(approvers), breakGlass: try Self.quorum(breakGlass), salt: salt)
    record = ReferenceRecord(values)
  }

  private static func quorum(_ document: [UInt8]) throws(ReplayError) -> ApproverQuorum? {
    guard !document.isEmpty else { return nil }
    do { return try ApproverQuorum(document: try StrictJSON.parse(document)) } catch {
      throw .malformed(what: "approvers", ParseError("approvers", .unexpected))
    }
  }

  /// A registry whose approvers are not known any more: its positions can be followed, its values cannot.
  static let withoutApprovers = {
    var fold = RegistryFold(values: ReferenceValues(quorum: nil))
    fold.isComplete = false
    return fold
  }()

  private init(values: ReferenceValues) {
    self.values = values
    record = ReferenceRecord(values)
  }

  /// Takes the next entry. Every entry says where the registry stood, so none can have been left out.
  /// - Throws: `RegistryFault`, `MissingBlob`, `ReplayError`; what the source throws.
  package mutating func take(_ leaf: LogLeaf, at index: UInt64, _ blobs: inout some BlobSource) async throws {
    guard leaf.registryEpoch == epoch, leaf.registryHead == head else { throw RegistryFault.position }
    if leaf.isChange {
      epoch += 1
      head = index
    }
    switch leaf.content {
    case .statement(let digest): try await apply(digest, leaf, &blobs)
    case .put(let binding): try put(binding)
    case .delete(let resource):
      guard keys.removeValue(forKey: resource) != nil else { throw RegistryFault.key }
    case .decision, .config, .other: break
    }
  }

  private mutating func apply(_ digest: [UInt8], _ leaf: LogLeaf, _ blobs: inout some BlobSource) async throws {
    let wasComplete = isComplete
    isComplete = false
    let bytes = try await blobs.required(digest, "statement")
    do throws(StatementError) {
      let signed = try SignedStatement(parsing: bytes)
      let said = signed.statement
      guard leaf.document["kind"]?.stringValue == said.kind.rawValue, leaf.document["scope"]?.stringValue == said.scope,
        leaf.document["version"]?.integer() == said.version
      else { throw .bodyMismatch }
      if wasComplete { values = try values.applying(signed, at: leaf.time) }
    } catch { throw RegistryFault.statement(error) }
    isComplete = wasComplete
    if isComplete { record = ReferenceRecord(values) }
  }

  private mutating func put(_ binding: LogLeaf.ResourceBinding) throws(RegistryFault) {
    let before = history[binding.resource]
    guard binding.version == (before?.version ?? 0) + 1, before.map({ $0.bundle == binding.bundle }) ?? true else {
      throw .key
    }
    keys[binding.resource] = binding
    history[binding.resource] = binding
  }

  /// Where a decision's leaf disagrees with the registry that it was made on.
  func differences(from leaf: LogLeaf, _ decision: DecisionLeaf) -> [Difference] {
    guard isComplete else { return [] }
    var found = Difference.between(leaf.document["refvalues"], .string(Hex.encode(record.digest)), "leaf.refvalues")
    found += Difference.between(leaf.document["policy"], .string(Hex.encode(record.policyDigest)), "leaf.policy")
    guard let release = decision.release else { return found }
    let key = keys[release.resource.text]
    found += Difference.between(
      leaf.document["resource_version"], key.map { .int($0.version) }, "leaf.resource_version")
    found += Difference.between(leaf.document["kek"], key.map { .string($0.kek) }, "leaf.kek")
    return found + Difference.between(leaf.document["bound"], key.map { .strings([$0.bundle]) }, "leaf.bound")
  }
}

/// Why an entry cannot follow those before it.
package enum RegistryFault: Error, Equatable, Sendable {
  /// The entry stands on another state of the registry than the entries before it made.
  case position
  case statement(StatementError)
  /// A version or a binding that does not follow.
  case key
  /// A release that stands on no attestation of this log that passed, or on one that was over.
  case attestation

  package var code: String {
    switch self {
    case .position: "registryPosition"
    case .statement(let error): error.code
    case .key: "keyOutOfOrder"
    case .attestation: "attestationUnknown"
    }
  }
}

extension RegistryFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .position: "it stands on another state of the registry than the entries before it make"
    case .statement(let error): "its statement does not hold: \(error)"
    case .key: "its key's version or bundle does not follow from the entries before it"
    case .attestation: "it stands on no attestation in this log that passed within the hour before"
    }
  }
}
