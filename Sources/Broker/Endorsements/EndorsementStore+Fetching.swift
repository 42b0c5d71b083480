import Bytes
import Collateral
import Cryptography
import Telemetry
import Verification

// What is asked of the fetching process, and what is taken from it.
extension EndorsementStore {
  /// The most keys of one question.
  private static let batch = 32

  /// Waits until these keys are here, or cannot be had, or the time is over. One flight for each key, however many wait.
  ///
  /// - Parameter issuers: by these the fetcher follows answers to a root.
  func obtain(_ keys: [CollateralKey], issuers: [Certificate] = [], at now: Timestamp) async {
    let tasks = state.withLock { state -> [Task<Void, Never>] in
      let plan = state.cold.plan(keys, at: now)
      guard !plan.start.isEmpty else { return plan.join }
      return plan.join + [begin(plan.start, issuers, &state, at: now)]
    }
    for task in tasks { await task.value }
  }

  /// Asks for what is past half of its life, without anybody waiting.
  func refreshDue(at now: Timestamp) async {
    guard parts.fetch != nil else { return }
    let task = state.withLock { state -> Task<Void, Never>? in
      let due = Array(dueKeys(&state, at: now).prefix(Self.batch))
      guard !due.isEmpty else { return nil }
      for key in due {
        // Kept fresh for as long as devices come again.
        if key.isOfOneCertificate {
          state.refresh.remove(key)
        } else {
          state.refresh.set(key, now.adding(.seconds(3600)))
        }
      }
      let plan = state.cold.plan(due, at: now)
      return plan.start.isEmpty ? nil : begin(plan.start, [], &state, at: now)
    }
    await task?.value
  }

  private func dueKeys(_ state: inout State, at now: Timestamp) -> [CollateralKey] {
    let held = state.stock.items.values.compactMap { CollateralKey($0.subject) }
    for key in held where !key.isOfOneCertificate && state.refresh.peek(key) == nil { state.refresh.set(key, now) }
    return state.refresh.keys.filter { key in
      guard let asked = state.refresh.peek(key), asked <= now else { return false }
      return state.stock.current(key, at: now).map { $0.isPastHalf(at: now) } ?? true
    }
  }

  /// - Precondition: called with the state locked; the task begins after.
  private func begin(
    _ keys: [CollateralKey], _ issuers: [Certificate], _ state: inout State, at now: Timestamp
  ) -> Task<Void, Never> {
    let task = Task { [self] in
      await fly(keys, issuers, at: now)
      self.state.withLock { $0.cold.end(keys) }
    }
    state.cold.begin(keys, task)
    return task
  }

  private func fly(_ keys: [CollateralKey], _ issuers: [Certificate], at now: Timestamp) async {
    guard let fetch = parts.fetch else { return }
    switch await fetch(FetcherRequest(want: keys, issuers: issuers, deadline: parts.patience)) {
    case .failure(let error):
      countFetch(error.code)
      parts.events?.write(.warning, "collateral-fetch-failed", ["code": .code(error.code)])
      state.withLock { $0.cold.noteSilence(about: keys, at: now) }
    case .success(let answer):
      state.withLock { $0.cold.noteAnswer() }
      for missing in answer.missing { note(missing, at: now) }
      for record in answer.artefacts { take(record, at: now) }
    }
  }

  private func note(_ missing: MissingCollateral, at now: Timestamp) {
    countFetch(missing.code.rawValue)
    state.withLock { $0.cold.note(missing, at: now) }
  }

  /// Takes what is genuine, is what was asked for, and is not older than what was seen. The rest never gets in: a fetcher
  /// that lies can only leave something missing.
  private func take(_ record: CollateralRecord, at now: Timestamp) {
    let artefacts = CollateralArtefact.all(in: record.body)
    let carriers = Endorsements(
      artefacts + state.withLock { $0.stock.items.values.filter { !$0.subject.isPlatform }.map(\.artefact) })
    let proofs = artefacts.compactMap { artefact in
      (try? prove(artefact, with: carriers, anchors: parts.anchors, at: now)).map { (artefact, $0) }
    }
    let isAnswer = proofs.contains { record.key.isAnswered(by: $0.1.subject) && $0.1.staleness == nil }
    let held = state.withLock { $0.stock.newest(record.key)?.proof }
    let isStepBack = proofs.contains { artefact, proof in
      isOlder(proof) || held.map { $0.subject == proof.subject && proof.age.isOlder(than: $0.age) } ?? false
    }
    guard isAnswer, !isStepBack else {
      return note(MissingCollateral(key: record.key, code: .refused), at: now)
    }
    countFetch("ok")
    state.withLock { state in
      state.stock.set(record.key, proofs.map(\.0), anchors: parts.anchors, at: now)
      state.cold.forget(record.key)
      let origin = Origin(url: record.source, fetchedAt: record.fetchedAt)
      for (artefact, _) in proofs { state.origins.set(Hash.sha256.digest(artefact.bytes), origin) }
    }
    remember(proofs.map(\.1), at: now)
  }

  private func isOlder(_ proof: ProvedArtefact) -> Bool {
    guard let mark = CollateralMark(proof.subject, anchor: proof.anchor.fingerprint) else { return false }
    return state.withLock { $0.memory.marks[mark] }.map { proof.age.isOlder(than: $0) } ?? false
  }

  private func countFetch(_ code: String) {
    parts.counters.add(.init("vouchsafe_collateral_fetches_total", .init("result", code)))
  }
}

extension CollateralStock.Item {
  /// More of its life is over than is left.
  func isPastHalf(at now: Timestamp) -> Bool {
    guard let window else { return true }
    let half = window.upperBound.duration(since: window.lowerBound) / 2
    return now >= window.lowerBound.adding(half)
  }
}
