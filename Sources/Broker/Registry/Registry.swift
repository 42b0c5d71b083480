import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import TransparencyLog

/// The registry of references and keys. Its state is a fold over the log: a change is what the log says, with the body
/// that the log names by digest; a store that was rolled back, or edited, does not fold.
actor Registry {
  private(set) var snapshot: RegistrySnapshot
  /// Decisions take a read turn, changes a write turn.
  nonisolated let gate = ReadWriteGate()
  private let blobs: BlobStore

  private init(_ snapshot: RegistrySnapshot, blobs: BlobStore) {
    self.snapshot = snapshot
    self.blobs = blobs
  }

  /// Rebuilds the state from the log.
  ///
  /// - Throws: `storeDamaged` when a body is missing, differs from its digest, or does not apply.
  static func replaying(
    _ log: DecisionLog, blobs: BlobStore, values: ReferenceValues
  ) async throws -> Registry {
    var snapshot = RegistrySnapshot(values: values)
    for (index, leaf) in try await changes(in: log) {
      guard let reference = try RegistryChange.Reference.reading(leaf) else { throw BrokerError.storeDamaged }
      guard let time = try? Timestamp(rfc3339: leaf["time"]?.stringValue ?? "") else { throw BrokerError.storeDamaged }
      try await apply(reference, to: &snapshot, blobs: blobs, at: time)
      snapshot.position = RegistryPosition(epoch: snapshot.position.epoch + 1, head: index)
    }
    return Registry(snapshot, blobs: blobs)
  }

  /// The change leaves, oldest first: each leaf of the log says where the change before it is, so only they are read.
  private static func changes(in log: DecisionLog) async throws -> [(UInt64, JSONValue)] {
    let size = await log.size
    guard size > 0 else { return [] }
    var next = try await head(of: log, size: size)
    var found: [(UInt64, JSONValue)] = []
    let expected = next.epoch
    while let index = next.head {
      let leaf = try await parsed(log, index)
      found.append((index, leaf))
      let previous = try RegistryPosition(parsing: leaf)
      guard previous.epoch + 1 == next.epoch, previous.head.map({ $0 < index }) ?? true else {
        throw BrokerError.storeDamaged
      }
      next = previous
    }
    guard next.epoch == 0, UInt64(found.count) == expected else { throw BrokerError.storeDamaged }
    return found.reversed()
  }

  private static func head(of log: DecisionLog, size: UInt64) async throws -> RegistryPosition {
    let last = try await parsed(log, size - 1)
    let position = try RegistryPosition(parsing: last)
    guard try RegistryChange.Reference.reading(last) != nil else { return position }
    return RegistryPosition(epoch: position.epoch + 1, head: size - 1)
  }

  private static func parsed(_ log: DecisionLog, _ index: UInt64) async throws -> JSONValue {
    try StrictJSON.parse(try await provenEntry(log, index))
  }

  /// The entry as the signed checkpoint has it: a bundle on the disk is a carrier only, and an edited one is refused.
  /// - Throws: `storeDamaged` when the hashes do not lead from the entry to the log's own root.
  static func provenEntry(_ log: DecisionLog, _ index: UInt64) async throws -> [UInt8] {
    let proof = try TlogProof(parsing: try await log.proof(index: index))
    let newest = try SignedNote(parsing: await log.checkpoint)
    guard let entry = proof.extra, proof.index == index, proof.checkpoint == newest.bytes,
      let tree = try? Checkpoint(parsing: newest.text),
      (try? InclusionProof(index: index, size: tree.size, path: proof.path).verify(leaf: .leaf(entry), root: tree.root))
        != nil
    else { throw BrokerError.storeDamaged }
    return entry
  }

  private static func apply(
    _ reference: RegistryChange.Reference, to snapshot: inout RegistrySnapshot, blobs: BlobStore, at time: Timestamp
  ) async throws {
    switch reference {
    case .statement(let digest):
      let signed = try SignedStatement(parsing: try await blobs.read(digest))
      snapshot.values = try snapshot.values.applying(signed, at: time)
    case .put(let digest):
      try snapshot.put(try KeyRecord(parsing: try await blobs.read(digest)))
    case .delete(let path): try snapshot.delete(path)
    case .deleteRecorded(let digest):
      try snapshot.delete(try RegistryChange.deleted(parsing: try await blobs.read(digest)))
    }
  }

  /// Stores the body of a change, commits its leaf, and only then lets it take effect. Waits for decisions under way and
  /// holds later ones: none can be logged after the change without having been made under it.
  ///
  /// - Parameters:
  ///   - prepare: makes the change and its effect from the state as it is in this turn; throws to refuse it.
  ///   - commit: logs the change, made at that position, after which reference values of that digest are in force.
  nonisolated func change(
    _ prepare: @Sendable @escaping (RegistrySnapshot) throws -> (RegistryChange, RegistrySnapshot),
    commit: @Sendable @escaping (RegistryChange, RegistryPosition, _ values: [UInt8]) async throws -> Receipt
  ) async throws -> Receipt {
    try await gate.writing { [self] in
      let before = await snapshot
      let (change, after) = try prepare(before)
      if let blob = change.blob { _ = try await blobs.store(blob) }
      let receipt = try await commit(change, before.position, after.values.digest)
      await advance(to: after, at: receipt.index)
      return receipt
    }
  }

  private func advance(to next: RegistrySnapshot, at index: UInt64) {
    let epoch = snapshot.position.epoch + 1
    snapshot = next
    snapshot.position = RegistryPosition(epoch: epoch, head: index)
  }
}
