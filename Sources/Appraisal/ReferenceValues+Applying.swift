package import Bytes
import SignedNotes
import Verification

extension ReferenceValues {
  /// The values after one more statement. Total: the same inputs always give the same answer.
  ///
  /// Revoking takes one approver; all else the quorum; a new quorum the old one and the new one, on the same statement.
  package func applying(_ signed: SignedStatement, at now: Timestamp) throws(StatementError) -> ReferenceValues {
    let statement = signed.statement
    let content = try StatementContent(of: statement)
    try checkSignatures(signed, content)
    guard now < statement.notAfter else { throw .expired }
    if case .breakGlass = content, statement.notAfter > now.adding(BreakGlassGrant.lifetimeLimit) {
      throw .breakGlassTooLong
    }
    if case .collateralGrace(let grace) = content {
      guard grace.grace.asOf <= now else { throw .graceAhead }
      guard grace.grace.until <= now.adding(CollateralGraceStatement.lifetimeLimit) else { throw .graceTooLong }
    }
    try checkPlace(of: statement)
    if case .exception(let exception) = content, exception.notAfter > now.adding(ManifestException.longest) {
      throw .exceptionTooLong
    }
    var next = self
    try next.take(content, statement)
    next.heads[statement.chain] = Head(version: statement.version, digest: statement.digest)
    next.epoch += 1
    return next
  }

  /// The values after all of them, each with the time at which it was taken.
  package static func replaying(
    _ statements: [(signed: SignedStatement, takenAt: Timestamp)], from quorum: ApproverQuorum
  ) throws(StatementError) -> ReferenceValues {
    var values = ReferenceValues(quorum: quorum)
    for (signed, takenAt) in statements { values = try values.applying(signed, at: takenAt) }
    return values
  }

  private func checkSignatures(_ signed: SignedStatement, _ content: StatementContent) throws(StatementError) {
    guard let quorum else { throw .noApprovers }
    let signers = try quorum.signers(of: signed.note)
    if case .revoke = content {
      guard !signers.isEmpty else { throw .quorumTooFew(signed: 0) }
      return
    }
    if case .breakGlass = content { return try checkBreakGlass(signed.note) }
    guard quorum.isSatisfied(by: signers) else { throw .quorumTooFew(signed: signers.count) }
    switch content {
    case .quorum(let new): try check(new, beside: breakGlassQuorum, signed.note)
    case .breakGlassQuorum(let new): try check(new, beside: quorum, signed.note)
    default: break
    }
  }

  /// A new quorum signs for itself and shares no key with the other one.
  private func check(
    _ new: ApproverQuorum, beside other: ApproverQuorum?, _ note: SignedNote
  ) throws(StatementError) {
    guard new.isSatisfied(by: try new.signers(of: note)) else { throw .newQuorumTooFew }
    guard other.map(new.isDisjoint(from:)) ?? true else { throw .quorumsOverlap }
  }

  /// The approvers' own signatures count for nothing here.
  private func checkBreakGlass(_ note: SignedNote) throws(StatementError) {
    guard let breakGlassQuorum else { throw .noBreakGlass }
    let signers = try breakGlassQuorum.signers(of: note)
    guard breakGlassQuorum.isSatisfied(by: signers) else { throw .quorumTooFew(signed: signers.count) }
  }

  /// Version and `prev` continue the chain: nothing is replayed, rolled back, skipped or put on another history.
  private func checkPlace(of statement: ReferenceStatement) throws(StatementError) {
    let current = heads[statement.chain]?.version ?? 0
    guard statement.version > current else { throw .versionNotNew(current: current) }
    guard statement.version == current + 1 else { throw .versionSkipped(current: current) }
    guard statement.previous == heads[statement.chain]?.digest else { throw .previousMismatch }
  }

  private mutating func take(_ content: StatementContent, _ statement: ReferenceStatement) throws(StatementError) {
    switch content {
    case .reference(let bundle):
      bundles[bundle.name] = ActiveBundle(bundle: bundle, version: statement.version, digest: statement.bodyDigest)
      guard bundles.count <= Self.bundleLimit else { throw .tooMany }
    case .rule(let rule):
      guard rule.bundles.allSatisfy({ bundles[$0] != nil }) else { throw .unknownBundle }
      rules[rule.resource] = rule
      guard rules.count <= Self.ruleLimit else { throw .tooMany }
    case .revoke(let scope, _):
      guard revocations.insert(scope).inserted else { throw .alreadyRevoked }
      guard revocations.count <= Self.revocationLimit else { throw .tooMany }
    case .unrevoke(let scope, _):
      guard revocations.remove(scope) != nil else { throw .notRevoked }
    case .quorum(let new): quorum = new
    case .breakGlassQuorum(let new): breakGlassQuorum = new
    case .breakGlass(let grant):
      grants[grant.resource] = ActiveGrant(grant: grant, until: statement.notAfter)
      guard grants.count <= Self.ruleLimit else { throw .tooMany }
    case .advisories(let table):
      advisories = ActiveAdvisories(table: table, version: statement.version, digest: statement.bodyDigest)
    case .exception(let exception):
      exceptions[exception.scope] = ActiveException(
        exception: exception, version: statement.version, digest: statement.bodyDigest)
      guard exceptions.count <= Self.exceptionLimit else { throw .tooMany }
    case .collateralGrace(let grace): graces[grace.grace.vendor] = grace
    }
  }
}
