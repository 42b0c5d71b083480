import Bytes
import Collateral
import Evidence
import SimulatedTEE
import Telemetry
import Verification

@testable import Broker

/// A fetching process in this one: it has what it was given, and can be told to be slow, silent or a liar.
final class Vendor: Sendable {
  enum Mood: Sendable { case honest, silent, malformed }

  struct State: Sendable {
    var records: [CollateralKey: CollateralRecord] = [:]
    var mood = Mood.honest
    var asked: [[CollateralKey]] = []
    var pause = Duration.zero
  }

  let state = Locked(State())

  init(_ guest: SimulatedTDX? = nil) { if let guest { stock(guest.collateral.files.map(\.bytes)) } }

  func stock(_ files: [[UInt8]]) {
    let artefacts = files.flatMap { CollateralArtefact.all(in: $0) }
    let records = CollateralRecord.records(of: artefacts, fetchedAt: Bench.start, source: "https://vendor.invalid/")
    state.withLock { state in for record in records { state.records[record.key] = record } }
  }

  var questions: [[CollateralKey]] { state.withLock { $0.asked } }
  func isNow(_ mood: Mood) { state.withLock { $0.mood = mood } }

  func fetch(_ keys: [CollateralKey], _ deadline: Duration) async -> Result<FetcherAnswer, FetcherError> {
    let now = state.withLock { state in
      state.asked.append(keys)
      return state
    }
    if now.pause > .zero { try? await Task.sleep(for: now.pause) }
    switch now.mood {
    case .silent: return .failure(.timedOut)
    case .malformed: return .failure(.malformed)
    case .honest:
      return .success(
        FetcherAnswer(
          artefacts: keys.compactMap { now.records[$0] },
          missing: keys.filter { now.records[$0] == nil }.map { MissingCollateral(key: $0, code: .notFound) }))
    }
  }
}

/// A store of the simulator's anchors, and what goes in and comes out of it.
enum Shelf {
  static let issued = Bench.start.adding(.seconds(-3600))
  static let anchors: Anchors = {
    let file = CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)
    return Anchors.builtIn.adding((try? Anchors.parseFile(file)) ?? [])
  }()

  static func guest(_ change: (inout SimulatedTDX) -> Void = { _ in }) -> SimulatedTDX {
    var guest = SimulatedTDX(issuedAt: issued)
    change(&guest)
    return guest
  }

  static func store(_ vendor: Vendor? = nil, edit: (inout EndorsementStore.Parts) -> Void = { _ in })
    -> EndorsementStore
  {
    var parts = EndorsementStore.Parts(anchors: anchors)
    if let vendor { parts.fetch = { await vendor.fetch($0.want, $0.deadline) } }
    edit(&parts)
    return EndorsementStore(parts)
  }

  static func evidence(_ guest: SimulatedTDX) throws -> UnverifiedEvidence {
    .tdx(try TDXEvidence(kbsJSON: guest.kbsEvidence(reportData: [UInt8](0..<48))))
  }

  static func evidence(_ guest: SimulatedSNP, lists: [[UInt8]] = []) throws -> UnverifiedEvidence {
    let carried = guest.certificates + lists.map { CarriedCertificate(kind: .crl, der: $0) }
    return .snp(
      try guest.evidence(reportData: [UInt8](0..<48) + [UInt8](repeating: 0, count: 16), certificates: carried))
  }

  /// What a request makes of the evidence: `nil` when it passes.
  static func refusal(
    _ store: EndorsementStore, _ evidence: UnverifiedEvidence, at now: Timestamp = Bench.start
  ) async -> Refusal? {
    let supply = await store.supply(for: evidence, at: now)
    let binding = Binding(runtimeDigest: [UInt8](0..<48))
    let verdict = verify(
      evidence, with: supply.endorsements, binding: binding, anchors: anchors, at: now, floors: store.floors)
    switch verdict {
    case .success:
      store.noteGenuine(evidence, supply, at: now)
      return nil
    case .failure(let refusal): return refusal
    }
  }
}

extension EndorsementStore {
  func hold(_ files: [[UInt8]], at now: Timestamp = Bench.start) { hold(Endorsements(recognising: files), at: now) }
  func hold(_ guest: SimulatedTDX, at now: Timestamp = Bench.start) {
    hold(guest.collateral.files.map(\.bytes), at: now)
  }
}
