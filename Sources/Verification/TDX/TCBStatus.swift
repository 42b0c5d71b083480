/// What Intel says about a level, by Intel's names, from the best to the worst for practical purposes.
///
/// Spec: Intel TDX Enabling Guide, TCB status; Intel quote verification library, relaunch check.
package enum TCBStatus: String, Sendable, Hashable, CaseIterable {
  case upToDate = "UpToDate"
  case swHardeningNeeded = "SWHardeningNeeded"
  case configurationNeeded = "ConfigurationNeeded"
  case configurationAndSWHardeningNeeded = "ConfigurationAndSWHardeningNeeded"
  /// The platform has been updated under a TD that was launched before.
  case relaunchAdvised = "TDRelaunchAdvised"
  case relaunchAdvisedConfigurationNeeded = "TDRelaunchAdvisedConfigurationNeeded"
  case outOfDate = "OutOfDate"
  case outOfDateConfigurationNeeded = "OutOfDateConfigurationNeeded"
  case revoked = "Revoked"
  /// No level that Intel describes is met.
  case notSupported = "NotSupported"

  /// The statuses that a signed document may hold.
  var isWritten: Bool {
    switch self {
    case .relaunchAdvised, .relaunchAdvisedConfigurationNeeded, .notSupported: false
    default: true
    }
  }

  package var isOutOfDate: Bool { self == .outOfDate || self == .outOfDateConfigurationNeeded }
  package var isRelaunchAdvised: Bool { self == .relaunchAdvised || self == .relaunchAdvisedConfigurationNeeded }

  var needsConfiguration: Bool {
    switch self {
    case .configurationNeeded, .configurationAndSWHardeningNeeded, .outOfDateConfigurationNeeded: true
    default: false
    }
  }

  /// This status beside that of another part of the same platform: it can stay or get worse, never better.
  func converged(with other: TCBStatus) -> TCBStatus {
    if self == .revoked || other == .revoked { return .revoked }
    if self == .notSupported || other == .notSupported { return .notSupported }
    guard other.isOutOfDate else { return self }
    switch self {
    case .upToDate, .swHardeningNeeded: return .outOfDate
    case .configurationNeeded, .configurationAndSWHardeningNeeded: return .outOfDateConfigurationNeeded
    default: return self
    }
  }
}
