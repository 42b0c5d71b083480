import Bytes
import Collateral
import Evidence
import Testing
import Verification

@Suite struct ScheduleTests {
  private static let day = 86_400

  @Test func anArtefactIsAskedForAgainAtHalfOfItsOwnValidity() throws {
    let shelf = try Answers.fullShelf()
    func next(_ key: CollateralKey, _ jitter: Double) throws -> Double {
      let next = RefreshSchedule.next(try #require(shelf.item(key)), jitter: jitter)
      return Double(next.seconds - Answers.issued.seconds) / Double(Self.day)
    }
    // Seven days are the longest that a document or a list is left; it was fetched a day after its issue.
    #expect(try next(Answers.tcbInfo, 0.5) == 8)
    #expect(try next(.intelRootRevocationList, 0.5) == 8)
    let chip = try #require(shelf.item(Answers.vcek))
    let half = (chip.proof.from.seconds + chip.proof.until.seconds) / 2
    #expect(RefreshSchedule.next(chip, jitter: 0.5).seconds == half)
    #expect(RefreshSchedule.next(chip, jitter: 0) < RefreshSchedule.next(chip, jitter: 1))
  }

  @Test func whatIsFetchedPastItsHalfIsNotAskedForAtOnce() throws {
    var shelf = CollateralShelf(anchors: Answers.anchors)
    let late = Answers.issued.adding(.seconds(Int64(28 * Self.day)))
    let record = try Answers().record(Answers.tcbInfo)
    let fetched = CollateralRecord(key: record.key, body: record.body, fetchedAt: late, source: "")
    try shelf.take(fetched, at: late)
    let next = RefreshSchedule.next(try #require(shelf.item(Answers.tcbInfo)), jitter: 0.5)
    #expect(next == late.adding(.seconds(Int64(Self.day))))
  }

  @Test func failuresAreRepeatedEverMoreSlowly() {
    let seconds = (1...9).map { RefreshSchedule.retry(failures: $0, jitter: 0.5).components.seconds }
    #expect(seconds == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
    #expect(RefreshSchedule.retry(failures: 1, jitter: 0) == .seconds(45))
    #expect(RefreshSchedule.retry(failures: 1, jitter: 1) == .seconds(75))
    #expect(RefreshSchedule.retry(failures: Int.max, jitter: 7) == .seconds(4500))
  }

  @Test func aFailingServerIsLeftAloneForLongerAndLonger() {
    var breaker = CircuitBreaker()
    #expect(breaker.permits(at: 0) == nil)
    breaker.failed(at: 0)
    breaker.failed(at: 0)
    #expect(breaker.permits(at: 0) == nil)
    breaker.failed(at: 0)
    #expect(breaker.permits(at: 0) == 30)
    #expect(breaker.permits(at: 29) == 30)
    #expect(breaker.permits(at: 30) == nil)
    // One question at a time until it is answered.
    #expect(breaker.permits(at: 30) == 31)
    breaker.failed(at: 31)
    #expect(breaker.permits(at: 60) == 91)
    #expect(breaker.permits(at: 91) == nil)
    breaker.succeeded()
    #expect(breaker.permits(at: 91) == nil)
    #expect(breaker.permits(at: 91) == nil)
    for moment in 0..<12 {
      let now = Timestamp(seconds: Int64(1000 + moment * 10_000))
      for _ in 0..<3 { breaker.failed(at: now) }
      #expect((breaker.permits(at: now) ?? 0) <= now.adding(.seconds(900)))
      _ = breaker.permits(at: now.adding(.seconds(901)))
    }
  }

  @Test func aServerIsAskedNoMoreThanItsBudget() {
    var budget = CallBudget(CallBudget.Rate(burst: 2, interval: .seconds(6)), at: 100)
    #expect(budget.take(at: 100) == nil)
    #expect(budget.take(at: 100) == nil)
    #expect(budget.take(at: 100) == 106)
    #expect(budget.take(at: 105) == 106)
    #expect(budget.take(at: 106) == nil)
    #expect(budget.take(at: 106) == 112)
    #expect(budget.take(at: 1000) == nil)
    #expect(budget.take(at: 1000) == nil)
    #expect(budget.take(at: 1000) == 1006)
    // A clock that goes back neither fills nor blocks for ever.
    #expect(budget.take(at: 10) == 16)
    #expect(budget.take(at: 16) == nil)
  }

  @Test func aServerThatWantsSilenceGetsIt() {
    var budget = CallBudget(.amd, at: 0)
    budget.limit(for: .seconds(120), at: 10)
    #expect(budget.take(at: 129) == 130)
    budget.limit(for: .seconds(1), at: 20)
    #expect(budget.take(at: 129) == 130)
    #expect(budget.take(at: 130) == nil)
    budget.limit(for: nil, at: 200)
    #expect(budget.take(at: 259) == 260)
  }

  @Test func aVendorsNoIsRememberedForAWhile() {
    var cache = NegativeCache()
    cache.note(.intelRootRevocationList, .notFound, at: 0)
    cache.note(Answers.tcbInfo, .notWhatWasAsked, at: 0)
    cache.note(Answers.vcek, .serverFailed(status: 500), at: 0)
    cache.note(.intelQEIdentity(tee: .tdx), .rateLimited(retryAfter: nil), at: 0)
    #expect(cache.until(.intelRootRevocationList, at: 599) == 600)
    #expect(cache.until(.intelRootRevocationList, at: 600) == nil)
    #expect(cache.until(Answers.tcbInfo, at: 59) == 60)
    #expect(cache.until(Answers.vcek, at: 0) == nil)
    #expect(cache.until(.intelQEIdentity(tee: .tdx), at: 0) == nil)
    cache.forget(Answers.tcbInfo)
    #expect(cache.until(Answers.tcbInfo, at: 1) == nil)
  }

  @Test func strangersCannotFillTheMemoryWithChips() {
    var cache = NegativeCache()
    for number in 0..<(NegativeCache.limit * 2) {
      var chip = Answers.chip
      chip[0] = UInt8(number & 255)
      chip[1] = UInt8(number >> 8 & 255)
      cache.note(
        .amdVCEK(.milan, chipID: chip, tcb: Answers.tcb), .notFound, at: Timestamp(seconds: Int64(number / 100)))
    }
    let remembered = (0..<(NegativeCache.limit * 2)).filter { number in
      var chip = Answers.chip
      chip[0] = UInt8(number & 255)
      chip[1] = UInt8(number >> 8 & 255)
      return cache.until(.amdVCEK(.milan, chipID: chip, tcb: Answers.tcb), at: 90) != nil
    }
    #expect(remembered.count <= NegativeCache.limit)
    #expect(remembered.last == NegativeCache.limit * 2 - 1)
  }
}
