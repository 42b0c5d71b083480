import Bytes
import Collateral
import Cryptography
import Evidence
import Verification

/// The artefacts at hand, by what they are about, each proved once. A value; what it holds is a carrier until `proof` says
/// otherwise, and a wrong one can refuse but not accept.
struct CollateralStock: Sendable {
  struct Item: Sendable {
    let artefact: CollateralArtefact
    let subject: CollateralSubject
    /// `nil` for what its vendor did not sign, and for certificates of single platforms, which reports prove.
    var proof: ProvedArtefact?

    /// By its vendor's own words; of a platform's certificate, by the certificate's.
    var window: Range<Timestamp>? {
      if let proof { return proof.from <= proof.until ? proof.from..<proof.until : nil }
      guard case .certificate(let certificate) = artefact, subject.isPlatform else { return nil }
      return certificate.notBefore <= certificate.notAfter ? certificate.notBefore..<certificate.notAfter : nil
    }
  }

  /// More fetched artefacts than this are not kept.
  static let fetchedLimit = 16_384
  /// Of something that was not asked for, no more than this goes along.
  private static let strangerLimit = 8

  private var fromFolders: [CollateralArtefact] = []
  private var fetched = BoundedCache<CollateralKey, [CollateralArtefact]>(capacity: fetchedLimit)
  /// Certificates of single platforms, apart from the rest: there may be as many as a fleet has processors.
  private var platforms = BoundedCache<CollateralKey, Item>(capacity: fetchedLimit)
  private(set) var items: [CollateralArtefact: Item] = [:]
  private var bySubject: [CollateralSubject: [CollateralArtefact]] = [:]
  private var manifestSubjects: [CollateralSubject] = []
  /// Rises with every change, and with every change of the revocation lists.
  private(set) var generation: UInt64 = 0
  private(set) var listGeneration: UInt64 = 0

  /// What the folders hold now, in place of what they held.
  mutating func replaceFolders(_ artefacts: [CollateralArtefact], anchors: Anchors, at now: Timestamp) {
    fromFolders = artefacts
    rebuild(anchors, now)
  }

  /// What the fetcher brought for a key, in place of what it brought before.
  mutating func set(_ key: CollateralKey, _ artefacts: [CollateralArtefact], anchors: Anchors, at now: Timestamp) {
    if key.isPlatform {
      guard let artefact = artefacts.first(where: { key.isAnswered(by: $0.subject) }) else { return }
      platforms.set(key, Item(artefact: artefact, subject: artefact.subject))
      generation += 1
    }
    let rest = artefacts.filter { !$0.subject.isPlatform }
    guard !rest.isEmpty, fetched.peek(key) != rest else { return }
    fetched.set(key, rest)
    rebuild(anchors, now)
  }

  private mutating func rebuild(_ anchors: Anchors, _ now: Timestamp) {
    let all = Set(fromFolders + fetched.values.flatMap { $0 })
    guard all != Set(items.keys) else { return }
    let listsBefore = Set(items.keys.filter(\.isRevocationList))
    let haveListsChanged = listsBefore != all.filter(\.isRevocationList)
    var next: [CollateralArtefact: Item] = [:]
    for artefact in all {
      let known = haveListsChanged ? nil : items[artefact]
      next[artefact] = known ?? Item(artefact: artefact, subject: artefact.subject)
    }
    items = next
    bySubject = Dictionary(grouping: all, by: { next[$0]?.subject ?? $0.subject })
    manifestSubjects = bySubject.keys.filter { if case .nvidiaManifest = $0 { true } else { false } }
    generation += 1
    if haveListsChanged { listGeneration += 1 }
    prove(anchors, now)
  }

  /// Proves what is not proved yet. Platforms' own certificates are left to their reports: a folder may hold thousands.
  mutating func prove(_ anchors: Anchors, _ now: Timestamp) {
    let carriers = Endorsements(items.values.filter { !$0.subject.isPlatform }.map(\.artefact))
    for (artefact, item) in items where item.proof == nil && !item.subject.isPlatform {
      items[artefact]?.proof = try? Verification.prove(artefact, with: carriers, anchors: anchors, at: now)
    }
  }

  /// What is proved.
  var proofs: [ProvedArtefact] { items.values.compactMap(\.proof) }

  /// The newest of a subject that holds at `now`.
  func current(_ key: CollateralKey, at now: Timestamp) -> Item? {
    newest(key) { $0.window?.contains(now) ?? false }
  }

  /// The manifest that a key names, proved.
  func manifest(_ key: CollateralKey, at now: Timestamp) -> ManifestDocument? {
    guard case .nvidiaManifest = key, let item = current(key, at: now), item.proof != nil,
      case .manifest(let document) = item.artefact
    else { return nil }
    return document
  }

  /// The newest of a subject, whether or not it still holds.
  func newest(_ key: CollateralKey, where isWanted: (Item) -> Bool = { _ in true }) -> Item? {
    (subjects(of: key).flatMap { bySubject[$0] ?? [] }.compactMap { items[$0] }
      + [platforms.peek(key)].compactMap { $0 })
      .filter { $0.window != nil && isWanted($0) }
      .max { left, right in
        guard let one = left.proof?.age, let other = right.proof?.age else {
          return (left.window?.lowerBound ?? 0) < (right.window?.lowerBound ?? 0)
        }
        return one.isOlder(than: other)
      }
  }

  /// A manifest's id does not say all that the manifest says of itself.
  private func subjects(of key: CollateralKey) -> [CollateralSubject] {
    key.subject.map { [$0] } ?? manifestSubjects.filter { key.isAnswered(by: $0) }
  }

  /// Everything that may be about this evidence, and nothing of other platforms.
  func carriers(for wanted: EvidenceGroup) -> Endorsements {
    var chosen: [CollateralArtefact] = []
    var strangers: [CollateralArtefact] = []
    chosen += wanted.keys.compactMap { platforms.peek($0)?.artefact }
    for (subject, artefacts) in bySubject {
      switch wanted.relation(to: subject) {
      case .needed: chosen += artefacts
      case .stranger: strangers += artefacts
      case .foreign: continue
      }
    }
    // Without the platform's own, another's lets the refusal say what was wrong with it.
    let isServed = chosen.contains { wanted.isOwn($0.subject) }
    return Endorsements(isServed ? chosen.sorted() : (chosen + strangers.sorted().prefix(Self.strangerLimit)).sorted())
  }
}

extension Sequence<CollateralArtefact> {
  /// By content, so that the same stock always gives the same endorsements.
  fileprivate func sorted() -> [CollateralArtefact] {
    map { (artefact: $0, bytes: $0.bytes) }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.artefact)
  }
}

extension CollateralArtefact {
  var isRevocationList: Bool { if case .revocationList = self { true } else { false } }

  /// As they are stored beside decisions.
  var bytes: [UInt8] {
    switch self {
    case .certificate(let certificate): certificate.der
    case .revocationList(let list): list.der
    case .document(let document): document.pcsBytes
    case .manifest(let manifest): manifest.bytes
    case .answer(let answer): answer.der
    }
  }
}
