import TestSupport
import Testing

@testable import Weights

@Suite struct SealScheduleTests {
  /// What several threads did, in the order in which they ended, whatever that was.
  private func play(_ segments: [Int], width: Int, seed: UInt64) -> [SealSchedule.Step] {
    var random = SeededGenerator(seed: seed)
    var schedule = SealSchedule(files: segments.enumerated().map { (file: $0, segments: $1) }, width: width)
    var running: [SealSchedule.Step] = []
    var done: [SealSchedule.Step] = []
    while !schedule.isDone {
      if running.count < width, let step = schedule.next() {
        running.append(step)
        continue
      }
      guard let index = running.indices.randomElement(using: &random) else {
        Issue.record("nobody works and nothing is given out, with \(segments) for \(width)")
        return done
      }
      let step = running.remove(at: index)
      schedule.finished(step)
      done.append(step)
    }
    #expect(running.isEmpty)
    return done
  }

  @Test func everySegmentTakesEachStepOnceAndTheDigestsTakeThemInOrder() {
    for seed in 1...300 as ClosedRange<UInt64> {
      let segments = [Int(seed % 13) + 1, 1, 7, Int(seed % 3) + 1]
      let steps = play(segments, width: Int(seed % 9) + 1, seed: seed)
      for (file, count) in segments.enumerated() {
        let own = steps.filter { $0.file == file }
        #expect(
          own.first == .begin(lane: own[0].lane, file: file) && own.last == .finish(lane: own[0].lane, file: file))
        #expect(Set(own).count == own.count && own.count == 3 * count + 2)
        #expect(own.compactMap(\.digested) == Array(0..<count))
        #expect(own.compactMap(\.appended) == Array(0..<count))
      }
    }
  }

  @Test func aBufferIsFilledOnlyOnceItsSegmentHasTakenBothDigests() {
    for seed in 1...300 as ClosedRange<UInt64> {
      var schedule = SealSchedule(files: [(0, 40), (1, 9), (2, 23)], width: 5)
      var random = SeededGenerator(seed: seed)
      var running: [SealSchedule.Step] = []
      var inUse: [SealSchedule.Place: Int] = [:]
      while !schedule.isDone {
        if running.count < 5, let step = schedule.next() {
          if case .encrypt(let place) = step {
            let sharing = inUse.keys.filter { $0.lane == place.lane && $0.slot == place.slot }
            #expect(sharing.isEmpty, "\(place) is in the buffer of \(sharing)")
            inUse[place] = 2
          }
          running.append(step)
          continue
        }
        guard let index = running.indices.randomElement(using: &random) else {
          Issue.record("nobody works and nothing is given out")
          return
        }
        let step = running.remove(at: index)
        schedule.finished(step)
        guard let place = step.leaving else { continue }
        inUse[place, default: 0] -= 1
        if inUse[place] == 0 { inUse[place] = nil }
      }
    }
  }

  @Test func aThreadWithoutWorkBeginsAnotherFile() {
    var schedule = SealSchedule(files: [(0, 100), (1, 100)], width: 2)
    #expect(schedule.next() == .begin(lane: 0, file: 0))
    #expect(schedule.next() == .begin(lane: 1, file: 1))
    #expect(schedule.next() == nil)
    schedule.finished(.begin(lane: 0, file: 0))
    for segment in 0..<SealSchedule.depth {
      #expect(schedule.next() == .encrypt(SealSchedule.Place(lane: 0, file: 0, segment: segment)))
    }
    #expect(schedule.next() == nil)
  }

  @Test func nothingToSealIsDone() {
    var schedule = SealSchedule(files: [], width: 4)
    #expect(schedule.isDone && schedule.next() == nil)
  }
}

extension SealSchedule.Step {
  fileprivate var lane: Int {
    switch self {
    case .begin(let lane, _), .finish(let lane, _): lane
    case .encrypt(let place), .digest(let place), .append(let place): place.lane
    }
  }

  fileprivate var digested: Int? { if case .digest(let place) = self { place.segment } else { nil } }
  fileprivate var appended: Int? { if case .append(let place) = self { place.segment } else { nil } }

  /// The segment whose buffers a step has done with.
  fileprivate var leaving: SealSchedule.Place? {
    switch self {
    case .digest(let place), .append(let place): place
    default: nil
    }
  }
}
