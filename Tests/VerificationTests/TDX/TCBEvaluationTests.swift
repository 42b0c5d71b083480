import Testing

@testable import Verification

/// How judgements of the parts of a platform become one: a table of all pairs.
@Suite struct TCBEvaluationTests {
  /// Each status beside a part that is out of date.
  private let besideOutOfDate: [TCBStatus: TCBStatus] = [
    .upToDate: .outOfDate, .swHardeningNeeded: .outOfDate, .configurationNeeded: .outOfDateConfigurationNeeded,
    .configurationAndSWHardeningNeeded: .outOfDateConfigurationNeeded, .outOfDate: .outOfDate,
    .outOfDateConfigurationNeeded: .outOfDateConfigurationNeeded, .revoked: .revoked, .notSupported: .notSupported,
    .relaunchAdvised: .relaunchAdvised, .relaunchAdvisedConfigurationNeeded: .relaunchAdvisedConfigurationNeeded,
  ]

  @Test func t20EveryPairConverges() {
    for status in TCBStatus.allCases {
      #expect(status.converged(with: .upToDate) == status)
      #expect(status.converged(with: .revoked) == .revoked)
      #expect(status.converged(with: .notSupported) == (status == .revoked ? .revoked : .notSupported))
      for other in [TCBStatus.outOfDate, .outOfDateConfigurationNeeded] {
        #expect(status.converged(with: other) == besideOutOfDate[status], "\(status) \(other)")
      }
    }
  }

  /// A level that Intel calls anything but up to date never becomes better beside another.
  @Test func t20NothingGetsBetter() {
    for status in TCBStatus.allCases where status != .upToDate {
      for other in TCBStatus.allCases { #expect(status.converged(with: other) != .upToDate) }
    }
  }

  @Test func t21RelaunchIsAdvisedOnlyWhenItHelps() {
    let current: [TCBStatus] = [
      .upToDate, .swHardeningNeeded, .configurationNeeded, .configurationAndSWHardeningNeeded,
    ]
    for launch in [TCBStatus.outOfDate, .outOfDateConfigurationNeeded] {
      for now in current {
        let needsConfiguration = launch == .outOfDateConfigurationNeeded || now.needsConfiguration
        let expected: TCBStatus = needsConfiguration ? .relaunchAdvisedConfigurationNeeded : .relaunchAdvised
        #expect(TCBEvaluation.relaunched(launch: launch, current: now) == expected, "\(launch) \(now)")
      }
      for now in [TCBStatus.outOfDate, .outOfDateConfigurationNeeded] {
        #expect(TCBEvaluation.relaunched(launch: launch, current: now) == launch)
      }
    }
    for launch in current {
      for now in current + [.outOfDate, .outOfDateConfigurationNeeded] {
        #expect(TCBEvaluation.relaunched(launch: launch, current: now) == launch)
      }
    }
    for other in TCBStatus.allCases {
      #expect(TCBEvaluation.relaunched(launch: .revoked, current: other) == .revoked)
      #expect(TCBEvaluation.relaunched(launch: other, current: .revoked) == .revoked)
      guard other != .revoked else { continue }
      #expect(TCBEvaluation.relaunched(launch: .notSupported, current: other) == .notSupported)
      #expect(TCBEvaluation.relaunched(launch: other, current: .notSupported) == .notSupported)
    }
  }

  @Test func documentsMayNotHoldWhatOnlyAVerifierConcludes() {
    let written = TCBStatus.allCases.filter(\.isWritten).map(\.rawValue)
    #expect(
      written == [
        "UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate",
        "OutOfDateConfigurationNeeded", "Revoked",
      ])
  }
}
