package import Bytes
package import Verification

/// The newest proved artefact of every key. Never steps back, and takes nothing that its vendor did not sign.
package struct CollateralShelf: Sendable {
  /// An artefact with its proof of when it was taken.
  package struct Item: Sendable {
    package let record: CollateralRecord
    package let proof: ProvedArtefact

    package func isCurrent(at now: Timestamp) -> Bool { proof.from <= now && now < proof.provedUntil }
  }

  package enum Change: Sendable, Equatable { case added, replaced, unchanged }

  /// No more keys than this: each chip has its own, and strangers name chips.
  package static let keyLimit = 50_000

  package let anchors: Anchors
  package private(set) var items: [CollateralKey: Item] = [:]
  /// The revocation lists of items, which every later proof asks.
  private var lists: [CollateralKey: Endorsements] = [:]

  package init(anchors: Anchors) { self.anchors = anchors }

  package func item(_ key: CollateralKey) -> Item? { items[key] }

  /// Takes an artefact that is proved, in force at `now`, and not older than the one that is there: a newer one that has
  /// run out still bars an older one.
  ///
  /// - Throws: `.notWhatWasAsked`, `.notProved`, `.rollback`.
  @discardableResult
  package mutating func take(_ record: CollateralRecord, at now: Timestamp) throws(CollateralFault) -> Change {
    let item = try prove(record, at: now)
    if let refusal = item.proof.staleness {
      // An old list shows itself as old, not as expired.
      if let known = items[record.key], item.proof.age.isOlder(than: known.proof.age) { throw .rollback }
      throw .notProved(refusal)
    }
    return try keep(item)
  }

  /// Takes back what was kept before, run out or not: it is the memory of what exists.
  @discardableResult
  package mutating func restore(_ record: CollateralRecord, at now: Timestamp) throws(CollateralFault) -> Change {
    try keep(try prove(record, at: now))
  }

  private mutating func keep(_ item: Item) throws(CollateralFault) -> Change {
    let key = item.record.key
    let known = items[key]
    if let known {
      guard !item.proof.age.isOlder(than: known.proof.age) else { throw .rollback }
      if known.record.body == item.record.body { return .unchanged }
    } else if items.count >= Self.keyLimit {
      throw .unreadable("too many artefacts")
    }
    items[key] = item
    if key.isRevocationList { lists[key] = Endorsements(recognising: [item.record.body]) }
    return known == nil ? .added : .replaced
  }

  /// The record's one artefact of its key, proved with what came along and with the lists that are known.
  package func prove(_ record: CollateralRecord, at now: Timestamp) throws(CollateralFault) -> Item {
    let artefacts = CollateralArtefact.all(in: record.body)
    let wanted = Set(artefacts.filter { record.key.isAnswered(by: $0.subject) })
    guard let main = wanted.first, wanted.count == 1 else {
      throw artefacts.isEmpty ? .unreadable("no artefact") : .notWhatWasAsked
    }
    do throws(Refusal) {
      let proof = try Verification.prove(main, with: carriers(artefacts, for: record.key), anchors: anchors, at: now)
      return Item(record: record, proof: proof)
    } catch { throw .notProved(error) }
  }

  private func carriers(_ own: [CollateralArtefact], for key: CollateralKey) -> Endorsements {
    let mine = Endorsements(own)
    let chain: Endorsements =
      if case .amdVCEK(let product, _, _) = key, let item = items[.amdCertificateChain(product, .vcek)] {
        Endorsements(recognising: [item.record.body])
      } else { .none }
    return Endorsements(
      certificates: mine.certificates + chain.certificates,
      revocationLists: mine.revocationLists + lists.values.flatMap(\.revocationLists))
  }
}

extension CollateralKey {
  var isRevocationList: Bool {
    switch self {
    case .intelPCKRevocationList, .intelRootRevocationList, .amdRevocationList: true
    default: false
    }
  }
}
