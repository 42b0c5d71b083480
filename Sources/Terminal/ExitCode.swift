/// How a program ends, the same for every verb of the three programs.
package enum ExitCode: Int32, Sendable, CaseIterable {
  case ok = 0
  /// Wrong use, or an internal failure.
  case usage = 1
  /// Evidence or a signature is not valid.
  case invalid = 2
  /// Something needed is not there; trying again may help.
  case unavailable = 3
  /// Refused by policy.
  case refused = 4
  /// The input is malformed.
  case malformed = 5
  /// Weights, log or store do not have the bytes they should.
  case integrity = 6
  /// Expired or stale.
  case stale = 7
}

/// Why a command stopped: one line for a person (what, which input, what to do) and the exit status.
package struct Failure: Error, Equatable, Sendable {
  package let exit: ExitCode
  package let message: String

  package init(_ exit: ExitCode, _ message: String) {
    self.exit = exit
    self.message = message
  }
}
