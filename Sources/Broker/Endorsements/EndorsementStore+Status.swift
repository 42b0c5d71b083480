import Bytes
import Collateral
import Telemetry
import Verification

// What operators see of the collateral: how long it lasts, how old it is, and whether more can be had.
extension EndorsementStore {
  /// The member `collateral` of `/readyz`. `expired` names what is at hand, genuine, and no longer holds.
  func status(at now: Timestamp) -> JSONValue {
    let view = view(at: now)
    return .object([
      ("artefacts", .int(view.count)), ("proved", .int(view.newest.count)),
      ("expired", .strings(view.newest.filter { $0.until <= now }.map(\.name).sorted())),
      ("nextExpiry", view.newest.map(\.until).filter { $0 > now }.min().map { .string($0.rfc3339) } ?? .null),
      ("memory", .string(parts.memoryOrigin.rawValue)), ("memoryWritable", .bool(!view.isMemoryUnwritable)),
      ("folders", .string(parts.folders.paths.isEmpty ? "none" : view.isFolderUnreadable ? "unreadable" : "read")),
      ("fetcher", .string(parts.fetch == nil ? "none" : view.breaker.rawValue)),
    ])
  }

  /// Sets the gauges. Labels are codes of our own.
  func observe(at now: Timestamp) {
    let view = view(at: now)
    let counters = parts.counters
    for (kind, entries) in Dictionary(grouping: view.newest, by: \.kind) {
      let label = Counters.Label("kind", kind)
      let left = entries.map { $0.until.duration(since: now).components.seconds }.min() ?? 0
      let age = entries.map { now.duration(since: $0.from).components.seconds }.max() ?? 0
      counters.set(.init("vouchsafe_collateral_expiry_seconds", label), left)
      counters.set(.init("vouchsafe_collateral_age_seconds", label), age)
    }
    counters.set(.init("vouchsafe_collateral_artefacts"), Int64(view.count))
    counters.set(.init("vouchsafe_collateral_platforms"), Int64(view.platformCount))
    for code in MissingCollateral.Code.allCases {
      counters.set(.init("vouchsafe_collateral_failing", .init("code", code.rawValue)), Int64(view.failing[code] ?? 0))
    }
    counters.set(.init("vouchsafe_collateral_breaker_open"), view.breaker == .closed ? 0 : 1)
    counters.set(.init("vouchsafe_collateral_memory_lost"), parts.memoryOrigin == .lost ? 1 : 0)
  }

  /// The newest of each subject, proved.
  private struct Entry {
    let kind: String
    let name: String
    let from: Timestamp
    let until: Timestamp
  }

  private struct View {
    var count = 0
    var newest: [Entry] = []
    var platformCount = 0
    var failing: [MissingCollateral.Code: Int] = [:]
    var breaker = ColdFetches.Breaker.closed
    var isFolderUnreadable = false
    var isMemoryUnwritable = false
  }

  private func view(at now: Timestamp) -> View {
    state.withLock { state in
      var view = View()
      view.count = state.stock.items.count
      view.newest = state.stock.proofs.newest.map {
        Entry(kind: $0.subject.kind, name: $0.subject.name, from: $0.from, until: $0.until)
      }
      view.platformCount = state.platforms.count
      view.failing = state.cold.failing(at: now)
      view.breaker = state.cold.breaker(at: now)
      view.isFolderUnreadable = state.isFolderUnreadable
      view.isMemoryUnwritable = state.isMemoryUnwritable
      return view
    }
  }
}

extension Sequence<ProvedArtefact> {
  /// Of each subject under each root the one that is not older than another; roots are carriers and left out.
  fileprivate var newest: [ProvedArtefact] {
    let kept = filter { $0.subject.kind != "root" }
    return Dictionary(grouping: kept) { "\($0.subject.name) \($0.anchor.fingerprint)" }.values.compactMap { proofs in
      proofs.max { $0.age.isOlder(than: $1.age) }
    }
  }
}

extension CollateralSubject {
  /// A closed set, for labels.
  fileprivate var kind: String {
    switch self {
    case .tcbInfo: "tcbInfo"
    case .enclaveIdentity: "enclaveIdentity"
    case .intelRootRevocationList: "rootRevocationList"
    case .intelRevocationList: "platformRevocationList"
    case .amdRevocationList: "amdRevocationList"
    case .intelSigner: "signer"
    case .intelAuthority, .amdIntermediate: "authority"
    case .intelRoot, .amdRoot: "root"
    case .intelPlatform, .amdVCEK, .amdVLEK: "platform"
    case .nvidiaManifest: "manifest"
    case .revocationAnswer: "revocationAnswer"
    case .malformedDocument, .malformedManifest, .otherCertificate, .otherRevocationList: "other"
    }
  }

  fileprivate var name: String {
    if let key = CollateralKey(self) { return key.text }
    if case .intelAuthority(let authority) = self { return "intel/authority/\(authority.rawValue)" }
    return kind
  }
}
