/// How a check ended when it did not refuse.
enum CheckOutcome: Equatable {
  case passed(String)
  /// Nothing was asked: no init-data was sent, or no revocation list is at hand.
  case notApplicable(String)
  /// An earlier refusal left nothing to check. Never a pass.
  case notReached
}

/// The checks of one piece of evidence in their order, and what they find on the way. One table serves the broker's
/// `verify`, which stops at the first refusal, and the people's `inspect`, which shows every check: the two cannot drift
/// apart.
protocol Examination {
  /// What it proves.
  associatedtype Statement: ProvedStatement
  typealias Outcome = CheckOutcome
  typealias Check = @Sendable (inout Self) throws(Refusal) -> CheckOutcome

  static var checks: [(name: CheckName, check: Check)] { get }
  /// The checks of the strict rule over proved claims, in the order in which people see them.
  static var strictChecks: [CheckName] { get }

  /// Set by `inspect` alone, once the dates have been judged or left out: chains are then verified at a moment at which
  /// their certificates are valid.
  var ignoresDates: Bool { get set }
  /// Set by `inspect` alone, when revocation has been left out on request.
  var ignoresRevocation: Bool { get set }

  /// Set by `inspect` alone: what passed is put into words, which costs as much as half a signature.
  var explains: Bool { get set }

  /// The anchor in use was added by the operator.
  var isSimulated: Bool { get }
  /// The claims, once everything that proves them is proved; which checks passed is the caller's to know.
  var claims: Statement? { get }
}

extension Examination {
  /// - Parameter detail: for people; not made for anybody else.
  func passed(_ detail: @autoclosure () -> String) -> CheckOutcome { .passed(explains ? detail() : "") }

  /// Runs the checks up to the first that refuses.
  mutating func verdict() -> Result<Statement, Refusal> {
    do throws(Refusal) {
      for (name, check) in Self.checks {
        guard try check(&self) != .notReached else { throw Refusal(.chainInvalid, name.rawValue) }
      }
    } catch { return .failure(error) }
    guard let claims else { return .failure(Refusal(.chainInvalid, "claims")) }
    return .success(claims)
  }
}
