import Testing

@testable import Weights

@Suite struct StreamLayoutTests {
  @Test(arguments: [0, 1, 1_048_519, 1_048_520, 1_048_521, 2_097_080, 2_097_081, 10_000_000, 5 << 30])
  func segmentsCoverBothSidesExactlyOnce(_ size: Int) {
    let layout = StreamLayout(plaintextSize: size)
    var plain = 0
    var sealed = StreamLayout.headerSize
    for index in 0..<layout.segmentCount {
      #expect(layout.plaintext(of: index).lowerBound == plain)
      #expect(layout.ciphertext(of: index).lowerBound == sealed)
      #expect(layout.ciphertext(of: index).count == layout.plaintext(of: index).count + 16)
      plain = layout.plaintext(of: index).upperBound
      sealed = layout.ciphertext(of: index).upperBound
      if index < layout.segmentCount - 1 { #expect(sealed % (1 << 20) == 0) }
    }
    #expect(plain == size)
    #expect(sealed == layout.ciphertextSize)
  }

  @Test func theNonceHoldsPrefixNumberAndEnd() {
    let layout = StreamLayout(plaintextSize: 3 << 20)
    #expect(layout.segmentCount == 4)
    let prefix: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
    #expect(layout.nonce(of: 2, prefix: prefix) == prefix + [0, 0, 0, 2, 0])
    #expect(layout.nonce(of: 3, prefix: prefix) == prefix + [0, 0, 0, 3, 1])
    #expect(StreamLayout(plaintextSize: 0).nonce(of: 0, prefix: prefix) == prefix + [0, 0, 0, 0, 1])
  }

  @Test func theHeaderIsReadAsItIsWritten() throws {
    let header = StreamHeader(random: [UInt8](1...39))
    #expect(header.bytes == [40] + [UInt8](1...39))
    #expect(try StreamHeader(parsing: header.bytes) == header)
    for count in 0..<40 {
      #expect(throws: (any Error).self) { try StreamHeader(parsing: Array(header.bytes[..<count])) }
    }
    #expect(throws: (any Error).self) { try StreamHeader(parsing: header.bytes + [0]) }
  }

  @Test(arguments: [0, 1, 3, 16, 99])
  func aPlanNamesEverySegmentOfEveryFileOnce(runLength: Int) {
    let layouts = [0, 5, 40 << 20, 1_048_520, 1_048_521].map { StreamLayout(plaintextSize: $0) }
    let plan = FetchPlan(layouts, runLength: runLength)
    let runs = (0..<plan.count).map { plan[$0] }
    let seen = runs.flatMap { run in run.segments.map { plan.segment($0, of: run.file) } }
    let wanted = layouts.indices.flatMap { file in plan.segments(of: file).map { plan.segment($0, of: file) } }
    #expect(seen == wanted)
    for run in runs {
      let segments = run.segments.map { plan.segment($0, of: run.file) }
      #expect((1...FetchPlan.longestRun).contains(segments.count))
      #expect(segments.reduce(0) { $0 + $1.ciphertext.count } == run.ciphertext.count)
      #expect(segments.reduce(0) { $0 + $1.plaintext.count } == run.plaintext.count)
    }
    #expect(layouts.indices.flatMap { Array(plan.runs(of: $0)) } == Array(0..<plan.count))
  }
}
