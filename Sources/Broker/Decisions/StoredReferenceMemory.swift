import Appraisal
import Telemetry

/// Which reference values are on the disk already, so that a decision writes them only when they changed.
final class StoredReferenceMemory: Sendable {
  private let newest = Locked<(epoch: UInt64, record: ReferenceRecord)?>(nil)

  /// Within one process an epoch stands for one set of values.
  func record(of values: ReferenceValues) -> ReferenceRecord? {
    newest.withLock { newest in newest.flatMap { $0.epoch == values.epoch ? $0.record : nil } }
  }

  func note(_ record: ReferenceRecord, of values: ReferenceValues) {
    newest.withLock { $0 = (values.epoch, record) }
  }
}

extension KeyBroker {
  /// The values in force as leaves name them; durable before any leaf does.
  func storedReferences(_ values: ReferenceValues) async throws -> ReferenceRecord {
    if let known = storedReferences.record(of: values) { return known }
    let record = ReferenceRecord(values)
    _ = try await evidence.store(record.policy, with: record.bodies + [record.document])
    storedReferences.note(record, of: values)
    return record
  }
}
