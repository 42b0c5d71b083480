import Testing

@testable import Platform

@Suite struct ProcessHardeningTests {
  /// The crash signals are tested with the agent's program: here they would take the test runner's reports away.
  @Test func afterTheFirstActNothingCanBeDumped() throws {
    try ProcessHardening.forbidDumps()
    #expect(!ProcessHardening.isDumpable)
  }
}
