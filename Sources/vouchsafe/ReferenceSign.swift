import Appraisal
import Bytes
import Platform
import SignedNotes
import Terminal
import Verification

/// `reference sign`: shows what would change, in full, and adds one approver's signature.
enum ReferenceSign {
  static func run(_ arguments: Arguments) async throws -> ExitCode {
    let path = try arguments.one(of: "NOTE")
    let file = try ReferenceOptions.approverKey(try arguments.required("--key"))
    var signed = try ReferenceOptions.readStatement(path)
    let content: StatementContent
    do throws(StatementError) {
      content = try StatementContent(of: signed.statement)
    } catch { throw Failure(.malformed, "\(path): \(error)") }
    guard Timestamp.now < signed.statement.notAfter else {
      throw Failure(.stale, "\(path): not-after \(signed.statement.notAfter.rfc3339) has passed; propose it again")
    }
    Console.out(try await summary(signed, content, arguments))
    guard arguments.flag("--yes") || Console.confirm("Sign as \(file.name)?") else {
      throw Failure(.refused, "\(path): not signed (give --yes to sign without a terminal)")
    }
    do {
      try signed.sign(with: try file.signer())
    } catch { throw Failure(.malformed, "\(path): \(error)") }
    try Console.writeFile(path, signed.bytes, replacing: true)
    Console.note("\(path): signed by \(signed.note.signatures.map(\.name).joined(separator: ", "))")
    return .ok
  }

  private static func summary(
    _ signed: SignedStatement, _ content: StatementContent, _ arguments: Arguments
  ) async throws(Failure) -> String {
    let statement = signed.statement
    let references = try await BrokerReferences.reachable(arguments)
    let active = try await references?.document(statement.kind, statement.scope)
    var lines = ["\(statement.kind.rawValue) \(statement.scope), version \(statement.version)"]
    lines.append("to be submitted before \(statement.notAfter.rfc3339)")
    switch content {
    case .revoke(let scope, let reason): lines.append("STOPS releases for \(scope.text): \(reason)")
    case .unrevoke(let scope, let reason): lines.append("ALLOWS AGAIN releases for \(scope.text): \(reason)")
    case .breakGlass(let grant): lines += Self.warning(grant, until: statement.notAfter)
    case .reference, .rule, .quorum, .breakGlassQuorum, .advisories, .exception, .collateralGrace:
      if case .collateralGrace(let said) = content { lines.append(Self.warning(said)) }
      lines.append(try comparison(statement, references))
      lines.append(DocumentDifference(from: active, to: statement.body).text)
    }
    if case .reference(let bundle) = content {
      lines += bundle.openEnds.map { "leaves open: \($0)" }
    }
    if case .advisories(let table) = content { lines += table.summary }
    if case .exception(let exception) = content { lines += exception.summary }
    if !signed.note.signatures.isEmpty {
      lines.append("claims to be signed by \(signed.note.signatures.map(\.name).joined(separator: ", "))")
    }
    return lines.map { Console.printable($0) + "\n" }.joined()
  }

  private static func warning(_ grant: BreakGlassGrant, until: Timestamp) -> [String] {
    [
      "BREAKS THE GLASS: until \(until.rfc3339), \(grant.resource) may be had without an approved measurement by",
      "measurement \(Hex.encode(grant.measurement))",
      "host data \(grant.hostData.map { Hex.encode($0) } ?? "as the bundle says")", "because: \(grant.reason)",
    ]
  }

  private static func warning(_ said: CollateralGraceStatement) -> String {
    "ACCEPTS COLLATERAL of \(said.grace.vendor.rawValue) that has run out, as of \(said.grace.asOf.rfc3339), "
      + "until \(said.grace.until.rfc3339): \(said.reason)"
  }

  /// What the difference below is against.
  private static func comparison(
    _ statement: ReferenceStatement, _ references: BrokerReferences?
  ) throws(Failure) -> String {
    guard let references else { return "against nothing (no broker was asked):" }
    let head = try references.head(statement.kind, statement.scope)
    guard statement.version == (head?.version ?? 0) + 1, statement.previous == head?.digest else {
      return "WARNING: it does not follow version \(head?.version ?? 0), which is in force and compared with here:"
    }
    return head.map { "against version \($0.version), which is in force:" } ?? "nothing is in force under that name:"
  }
}
