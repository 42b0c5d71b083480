import Bytes
import Collateral
import Cryptography
import Evidence
import Telemetry
import TransparencyLog
package import Verification

/// What vendors signed: from the operator's folders and from the fetching process. Carriers all of it; verification
/// follows every signature to a pinned anchor. What it has proved once is kept here, by digest, for as long as its dates
/// last, so that the next quote of the same platform costs its own signatures only.
///
/// A request waits for the fetcher only when something it needs is not at hand, at most `patience` long and together
/// with all that need the same; what cannot be had is missing, and missing is a refusal.
package final class EndorsementStore: Sendable {
  typealias Fetch = @Sendable (FetcherRequest) async -> Result<FetcherAnswer, FetcherError>

  /// What the store is made of.
  struct Parts: Sendable {
    var anchors: Anchors
    var folders = CollateralFolders(paths: [])
    var fetch: Fetch?
    /// `nil` keeps the memory for as long as the process lives.
    var memoryFile: RollbackFile?
    var memory = RollbackMemory()
    var memoryOrigin = RollbackFile.Origin.new
    /// The longest that a request waits for what is not at hand.
    var patience = Duration.seconds(8)
    var events: EventLog?
    /// The page of the broker that this serves.
    var counters = Counters(help: KeyBroker.metricHelp)

    init(anchors: Anchors) { self.anchors = anchors }
  }

  /// A device that was proved, and all that was at hand to say otherwise.
  typealias DeviceEntry = (device: ProvedDevice, listGeneration: UInt64, answers: [RevocationAnswer])

  /// Endorsements proved for one group of evidence.
  struct Group: Sendable {
    let endorsements: Endorsements
    let generation: UInt64
    let listGeneration: UInt64
    /// When documents that had not come into force may have.
    let lookAgain: Timestamp
  }

  /// What there is for one piece of evidence.
  struct Supply: Sendable {
    let endorsements: Endorsements
    let group: EvidenceGroup
    /// What there is for the GPUs that came along.
    var devices: DeviceSupply?

    var all: Endorsements { devices.map { endorsements.joining($0.endorsements) } ?? endorsements }
  }

  struct State {
    var stock = CollateralStock()
    /// By digest of what says whose evidence it is: reading certificates costs as much as checking a signature.
    var groupsOf = BoundedCache<[UInt8], EvidenceGroup>(capacity: 16_384)
    /// Revocation lists that genuine evidence brought along and that were looked at.
    var carriedLists = BoundedCache<[UInt8], Bool>(capacity: 256)
    var marks: [FileMark] = []
    var groups = BoundedCache<EvidenceGroup, Group>(capacity: 4096)
    var platforms = BoundedCache<[UInt8], (platform: ProvedPlatform, listGeneration: UInt64)>(capacity: 16_384)
    /// By digest of their certificates.
    var devices = BoundedCache<[UInt8], DeviceEntry>(capacity: 16_384)
    var memory: RollbackMemory
    var cold = ColdFetches()
    /// What genuine evidence needed, and when it is next worth asking whether there is a newer one.
    var refresh = BoundedCache<CollateralKey, Timestamp>(capacity: CollateralStock.fetchedLimit)
    /// Where fetched artefacts came from, by SHA-256 of their bytes.
    var origins = BoundedCache<[UInt8], Origin>(capacity: CollateralStock.fetchedLimit)
    var isFolderUnreadable = false
    var isMemoryUnwritable = false
  }

  /// The fetching process's word: for people who read records of evidence.
  struct Origin: Sendable, Equatable {
    let url: String
    let fetchedAt: Timestamp
  }

  let parts: Parts
  let state: Locked<State>

  init(_ parts: Parts) {
    self.parts = parts
    state = Locked(State(memory: parts.memory))
  }

  /// How long documents that are not proved stay so before they are looked at again.
  private static let provingInterval = Duration.seconds(60)

  /// The endorsements for this evidence, with all that is proved already. Waits only for what is not at hand.
  func supply(for evidence: UnverifiedEvidence, at now: Timestamp) async -> Supply {
    let digest = EvidenceGroup.digest(of: evidence)
    let group = group(of: evidence, digest)
    let lacking = state.withLock { state in group.keys.filter { state.stock.current($0, at: now) == nil } }
    count("collateral", isHit: lacking.isEmpty)
    if !lacking.isEmpty, parts.fetch != nil { await obtain(lacking, at: now) }
    let endorsements = adding(platformOf: evidence, digest, to: proved(group, at: now), at: now)
    return Supply(endorsements: endorsements, group: group)
  }

  func group(of evidence: UnverifiedEvidence, _ digest: [UInt8]) -> EvidenceGroup {
    if let known = state.withLock({ $0.groupsOf.use(digest) }) { return known }
    let group = EvidenceGroup(evidence)
    state.withLock { $0.groupsOf.set(digest, group) }
    return group
  }

  func proved(_ group: EvidenceGroup, at now: Timestamp) -> Endorsements {
    let (known, carriers, generation, listGeneration) = state.withLock { state in
      let known = state.groups.use(group)
      let isFresh = known.map { $0.generation == state.stock.generation && now < $0.lookAgain } ?? false
      return (
        known, isFresh ? nil : state.stock.carriers(for: group), state.stock.generation, state.stock.listGeneration
      )
    }
    count("documents", isHit: carriers == nil)
    guard let carriers else { return known?.endorsements ?? .none }
    let before = known.flatMap { $0.listGeneration == listGeneration ? $0.endorsements : nil } ?? .none
    let proved = carriers.proving(anchors: parts.anchors, at: now, knowing: before)
    let next = Group(
      endorsements: proved, generation: generation, listGeneration: listGeneration,
      lookAgain: now.adding(Self.provingInterval))
    state.withLock { $0.groups.set(group, next) }
    return proved
  }

  /// A platform that was proved before with the lists that are at hand now; else proved here.
  private func adding(
    platformOf evidence: UnverifiedEvidence, _ digest: [UInt8], to endorsements: Endorsements, at now: Timestamp
  ) -> Endorsements {
    if case .nvidia = evidence { return endorsements }
    let (known, listGeneration) = state.withLock { ($0.platforms.use(digest), $0.stock.listGeneration) }
    let isKnown = known.map { $0.listGeneration == listGeneration && $0.platform.isCurrent(at: now) } ?? false
    count("platforms", isHit: isKnown)
    if isKnown, let known { return endorsements.adding(known.platform) }
    guard let platform = provePlatform(of: evidence, with: endorsements, anchors: parts.anchors, at: now) else {
      return endorsements
    }
    state.withLock { $0.platforms.set(digest, (platform, listGeneration)) }
    return endorsements.adding(platform)
  }

  /// Where artefacts came from, as far as that is known.
  func origins(of digests: [[UInt8]]) -> [[UInt8]: Origin] {
    state.withLock { state in
      Dictionary(digests.compactMap { digest in state.origins.peek(digest).map { (digest, $0) } }) { first, _ in first }
    }
  }

  /// What an older artefact is measured by.
  package var floors: EvaluationFloors { EvaluationFloors(newest: state.withLock { $0.memory.marks }) }

  /// Genuine evidence was judged with these: what it needed is kept fresh from now on, and lists that it brought along
  /// count as seen.
  func noteGenuine(_ evidence: UnverifiedEvidence, _ supply: Supply, at now: Timestamp) {
    state.withLock { state in
      for key in supply.group.keys where state.refresh.use(key) == nil { state.refresh.set(key, now) }
    }
    guard case .snp(let snp) = evidence else { return }
    for carried in snp.certificates where carried.kind == .crl { noteCarried(carried.der, supply, at: now) }
  }

  private func noteCarried(_ list: [UInt8], _ supply: Supply, at now: Timestamp) {
    let digest = Hash.sha256.digest(list)
    guard state.withLock({ $0.carriedLists.use(digest) }) == nil else { return }
    let proofs = CollateralArtefact.all(in: list).compactMap { artefact in
      try? prove(artefact, with: supply.endorsements, anchors: parts.anchors, at: now)
    }
    remember(proofs, at: now)
    state.withLock { $0.carriedLists.set(digest, true) }
  }

  /// Lets the memory know what was proved, and makes that durable.
  func remember(_ proofs: [ProvedArtefact], at now: Timestamp) {
    let news = state.withLock { state -> RollbackMemory? in
      var isNews = false
      for proof in proofs { isNews = state.memory.note(proof, at: now) || isNews }
      return isNews || state.isMemoryUnwritable ? state.memory : nil
    }
    guard let news, let file = parts.memoryFile else { return }
    do {
      try file.write(news)
      state.withLock { $0.isMemoryUnwritable = false }
    } catch {
      state.withLock { $0.isMemoryUnwritable = true }
      parts.events?.write(.error, "collateral-memory-unwritable", ["step": .code(error.operation.rawValue)])
    }
  }

  func count(_ cache: String, isHit: Bool) {
    parts.counters.add(
      .init("vouchsafe_collateral_cache_total", .init("cache", cache), .init("result", isHit ? "hit" : "miss")))
  }
}
