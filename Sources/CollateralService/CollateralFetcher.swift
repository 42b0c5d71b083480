package import Bytes
package import Collateral
package import Cryptography
package import Platform
import Verification

/// Fetches, proves, keeps and refreshes what vendors sign. Holds no key of anybody's.
///
/// A question for something that is at hand and in force is answered at once, whatever the network does.
package actor CollateralFetcher {
  /// What became of one key.
  package enum Outcome: Sendable {
    case artefact(CollateralShelf.Item)
    /// With what was wrong, when somebody found that out.
    case missing(MissingCollateral, CollateralFault?)
  }

  /// Something a person who runs this may want to know.
  package enum Event: Sendable {
    case took(CollateralKey, CollateralShelf.Change, until: Timestamp)
    case failed(CollateralKey, CollateralFault)
    case notSaved(CollateralKey, PlatformError)
  }

  private let client: VendorClient
  private let now: @Sendable () -> Timestamp
  private let jitter: @Sendable () -> Double
  private let nonce: @Sendable () -> [UInt8]
  private let report: @Sendable (Event) -> Void
  private var shelf: CollateralShelf
  private var store: CollateralStore?
  private var desk: FetchDesk
  private var waiters: [CollateralKey: [Int: CheckedContinuation<Outcome, Never>]] = [:]
  private var lastWaiter = 0
  private var due: [CollateralKey: Timestamp] = [:]
  private var failures: [CollateralKey: Int] = [:]
  /// Answers about single certificates that somebody asked for since they were taken: the others are let go.
  private var askedAgain: Set<CollateralKey> = []

  /// - Parameters:
  ///   - now: the clock; `jitter`: a number from 0 to 1; `nonce`: makes a question fresh.
  ///   - store: where artefacts are kept; `nil` keeps them in memory.
  package init(
    _ endpoints: VendorEndpoints, client: VendorClient, shelf: CollateralShelf, store: CollateralStore?,
    now: @escaping @Sendable () -> Timestamp, jitter: @escaping @Sendable () -> Double,
    nonce: @escaping @Sendable () -> [UInt8] = { (0..<16).map { _ in .random(in: 0...255) } },
    report: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.client = client
    self.now = now
    self.jitter = jitter
    self.nonce = nonce
    self.report = report
    self.shelf = shelf
    self.store = store
    desk = FetchDesk(endpoints)
    for (key, item) in shelf.items { due[key] = RefreshSchedule.next(item, jitter: jitter()) }
  }

  package func item(_ key: CollateralKey) -> CollateralShelf.Item? { shelf.item(key) }
  package func nextRefresh(_ key: CollateralKey) -> Timestamp? { due[key] }
  /// What is at hand and to be asked for again by then, first what is due first.
  package func dueKeys(by time: Timestamp) -> [CollateralKey] {
    due.filter { $0.value <= time }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
  }

  /// Everything asked for, or why not, within the request's deadline.
  package func answer(_ request: FetcherRequest) async -> FetcherAnswer {
    let outcomes = await outcomes(request.want, issuers: request.issuers, deadline: request.deadline)
    var artefacts: [CollateralRecord] = []
    var missing: [MissingCollateral] = []
    var room = FetcherAnswer.limitBytes / 2
    for key in request.want {
      switch outcomes[key] {
      case .artefact(let item) where item.record.body.count <= room:
        // Base64 takes a third more.
        room -= item.record.body.count
        artefacts.append(item.record)
      case .missing(let why, _): missing.append(why)
      case .artefact, nil: missing.append(MissingCollateral(key: key, code: .unavailable))
      }
    }
    return FetcherAnswer(artefacts: artefacts, missing: missing)
  }

  /// - Parameters:
  ///   - issuers: by these what has no issuer with it is followed to a root.
  ///   - again: ask the vendor even for what is at hand.
  package func outcomes(
    _ keys: [CollateralKey], issuers: [Certificate] = [], deadline: Duration, again: Bool = false
  ) async -> [CollateralKey: Outcome] {
    await withTaskGroup { group in
      for key in keys {
        group.addTask { (key, await self.obtain(key, issuers, deadline: deadline, again: again)) }
      }
      var outcomes: [CollateralKey: Outcome] = [:]
      for await (key, outcome) in group { outcomes[key] = outcome }
      return outcomes
    }
  }

  private func obtain(
    _ key: CollateralKey, _ issuers: [Certificate] = [], deadline: Duration, again: Bool
  ) async -> Outcome {
    if key.isOfOneCertificate { askedAgain.insert(key) }
    if !again, let item = shelf.item(key), item.isCurrent(at: now()) { return .artefact(item) }
    switch desk.ask(key, at: now()) {
    case .refuse(let why): return .missing(why, nil)
    case .send(let request): Task { await self.fetch(request, issuers) }
    case .join: break
    }
    return await wait(for: key, deadline: deadline)
  }

  private func wait(for key: CollateralKey, deadline: Duration) async -> Outcome {
    lastWaiter += 1
    let number = lastWaiter
    let timer = Task {
      do { try await Task.sleep(for: deadline) } catch { return }
      self.giveUp(key, number)
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { waiters[key, default: [:]][number] = $0 }
  }

  private func giveUp(_ key: CollateralKey, _ number: Int) {
    let waiter = waiters[key]?.removeValue(forKey: number)
    waiter?.resume(returning: .missing(MissingCollateral(key: key, code: .unavailable), .unreachable("deadline")))
  }

  // MARK: one question

  private func fetch(_ question: VendorRequest, _ issuers: [Certificate] = []) async {
    let key = question.key
    let request = question.asked(with: nonce())
    do throws(CollateralFault) {
      let response = try await client.send(request)
      let known = issuers + (shelf.item(key)?.record.certificates ?? [])
      let record = try response.record(for: request, knowing: known, at: now())
      try await prepare(key)
      let change = try shelf.take(record, at: now())
      desk.finish(key, nil, at: now())
      took(key, change)
    } catch {
      failed(key, error)
    }
  }

  /// A chip's certificate is proved by its issuer's.
  private func prepare(_ key: CollateralKey) async throws(CollateralFault) {
    guard let needed = key.proofNeeds, shelf.item(needed) == nil else { return }
    guard case .missing(_, let fault) = await obtain(needed, deadline: VendorClient.timeout, again: false) else {
      return
    }
    throw fault ?? .unreachable("issuer")
  }

  private func took(_ key: CollateralKey, _ change: CollateralShelf.Change) {
    guard let item = shelf.item(key) else { return }
    failures[key] = nil
    askedAgain.remove(key)
    due[key] = RefreshSchedule.next(item, jitter: jitter())
    if due[key].map({ $0 <= now() }) ?? false { due[key] = now().adding(RefreshSchedule.retry(failures: 6, jitter: 0)) }
    if change != .unchanged {
      do throws(PlatformError) {
        try store?.save(item.record)
      } catch { report(.notSaved(key, error)) }
    }
    report(.took(key, change, until: item.proof.until))
    resume(key, .artefact(item))
  }

  private func failed(_ key: CollateralKey, _ fault: CollateralFault) {
    let why = desk.finish(key, fault, at: now()) ?? MissingCollateral(key: key, code: fault.missing)
    let count = (failures[key] ?? 0) + 1
    failures[key] = shelf.item(key) == nil ? nil : count
    if shelf.item(key) != nil { due[key] = now().adding(RefreshSchedule.retry(failures: count, jitter: jitter())) }
    report(.failed(key, fault))
    resume(key, .missing(why, fault))
  }

  private func resume(_ key: CollateralKey, _ outcome: Outcome) {
    for waiter in (waiters.removeValue(forKey: key) ?? [:]).values { waiter.resume(returning: outcome) }
  }

  // MARK: in the background

  /// Asks again for whatever is due, and says when to come back.
  @discardableResult
  package func refreshDue() -> Duration {
    let time = now()
    for (key, moment) in due where moment <= time {
      guard !key.isOfOneCertificate || askedAgain.contains(key) else {
        due[key] = nil
        continue
      }
      switch desk.ask(key, at: time) {
      case .send(let request): Task { await self.fetch(request) }
      case .join: continue
      case .refuse(let why): due[key] = time.adding(.seconds(Int64(max(why.retryAfterSeconds ?? 60, 1))))
      }
    }
    let next = due.values.min().map { $0.duration(since: time) } ?? .seconds(60)
    return max(.seconds(1), min(next, .seconds(60)))
  }

  /// Refreshes until cancelled.
  package func run() async {
    while !Task.isCancelled {
      let pause = refreshDue()
      do { try await Task.sleep(for: pause) } catch { return }
    }
  }
}
