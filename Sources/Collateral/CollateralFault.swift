package import Bytes
package import Verification

/// Why an artefact was not taken.
package enum CollateralFault: Error, Equatable, Sendable {
  // What became of the question.
  /// No answer in time, or no connection; the code of whoever tried.
  case unreachable(String)
  case serverFailed(status: Int)
  case notFound
  case rateLimited(retryAfter: Duration?)
  /// A status that is none of the vendor's answers: a redirect, not modified, a refusal.
  case unexpectedStatus(Int)

  // What was wrong with the answer.
  /// Not in the form that the vendor sends.
  case unreadable(String)
  /// In the right form, and something else than what was asked for.
  case notWhatWasAsked
  /// Not signed by the vendor, or not in force.
  case notProved(Refusal)
  /// Older than what is known to exist.
  case rollback

  // What was wrong with a file of ours.
  case malformed(ParseError)
  case digestMismatch

  /// Stable, for logs, metrics and people's output.
  package var code: String {
    switch self {
    case .unreachable: "unreachable"
    case .serverFailed: "serverFailed"
    case .notFound: "notFound"
    case .rateLimited: "rateLimited"
    case .unexpectedStatus: "unexpectedStatus"
    case .unreadable: "unreadable"
    case .notWhatWasAsked: "notWhatWasAsked"
    case .notProved(let refusal): refusal.code.rawValue
    case .rollback: "rollback"
    case .malformed: "malformed"
    case .digestMismatch: "digestMismatch"
    }
  }

  /// What the fetcher tells a broker.
  package var missing: MissingCollateral.Code {
    switch self {
    case .unreachable, .serverFailed: .unavailable
    case .notFound: .notFound
    case .rateLimited: .rateLimited
    default: .refused
    }
  }

  /// The vendor's server, and not the artefact, is what is wrong.
  var isOfTheServer: Bool {
    switch self {
    case .unreachable, .serverFailed: true
    default: false
    }
  }
}

extension CollateralFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreachable(let code): "no answer (\(code))"
    case .serverFailed(let status): "the server failed with status \(status)"
    case .notFound: "the vendor has none"
    case .rateLimited(let delay):
      "the vendor wants fewer questions" + (delay.map { ", for \($0.components.seconds) s" } ?? "")
    case .unexpectedStatus(let status): "unexpected status \(status)"
    case .unreadable(let what): "not readable: \(what)"
    case .notWhatWasAsked: "something else than what was asked for"
    case .notProved(let refusal): "not proved: \(refusal)"
    case .rollback: "older than what is known"
    case .malformed(let error): "\(error)"
    case .digestMismatch: "an artefact is not what its digest says; the file is damaged"
    }
  }
}
