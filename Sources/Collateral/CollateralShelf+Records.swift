package import Bytes
import Verification

extension CollateralShelf {
  /// What became of one of several records.
  package struct Taken: Sendable {
    package enum Result: Sendable, Equatable {
      case taken(Change)
      /// A newer one of the same key came along.
      case superseded
      case refused(CollateralFault)
    }

    package let record: CollateralRecord
    package let result: Result
  }

  /// Takes what is new, in an order in which what proves others comes before them.
  ///
  /// - Returns: in that order, one for each record.
  package mutating func take(_ records: [CollateralRecord], at now: Timestamp) -> [Taken] {
    each(records) { shelf, record throws(CollateralFault) in try shelf.take(record, at: now) }
  }

  /// Takes back what was kept before, run out or not.
  package mutating func restore(_ records: [CollateralRecord], at now: Timestamp) -> [Taken] {
    each(records) { shelf, record throws(CollateralFault) in try shelf.restore(record, at: now) }
  }

  private mutating func each(
    _ records: [CollateralRecord],
    _ take: (inout CollateralShelf, CollateralRecord) throws(CollateralFault) -> Change
  ) -> [Taken] {
    var taken = Set<CollateralKey>()
    var results: [Taken] = []
    for record in records.sorted(by: { ($0.key.rank, $0.key) < ($1.key.rank, $1.key) }) {
      do throws(CollateralFault) {
        results.append(Taken(record: record, result: .taken(try take(&self, record))))
        taken.insert(record.key)
      } catch .rollback where taken.contains(record.key) {
        results.append(Taken(record: record, result: .superseded))
      } catch { results.append(Taken(record: record, result: .refused(error))) }
    }
    return results
  }
}

extension CollateralKey {
  /// What a proof may need has a lower one.
  fileprivate var rank: Int {
    switch self {
    case .intelRootRevocationList, .nvidiaAnswer: 0
    case .intelPCKRevocationList, .amdRevocationList: 1
    case .amdCertificateChain: 2
    case .intelTCBInfo, .intelQEIdentity, .nvidiaManifest: 3
    case .amdVCEK: 4
    }
  }
}
