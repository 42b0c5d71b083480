import Appraisal
import Bytes
import Platform
import Terminal

/// `reference submit`: hands a signed statement to a broker, which checks it and answers with its place in the log.
enum ReferenceSubmit {
  static func run(_ arguments: Arguments) async throws -> ExitCode {
    let path = try arguments.one(of: "NOTE")
    let signed = try ReferenceOptions.readStatement(path)
    try await submit(signed.bytes, signed.statement, arguments)
    return .ok
  }

  static func submit(
    _ bytes: [UInt8], _ statement: ReferenceStatement, _ arguments: Arguments
  ) async throws(Failure) {
    let answer = try await BrokerConnection(arguments).post("/v1/statements", bytes)
    if try arguments.output() == .json {
      Console.json(answer)
    } else {
      let index = answer["index"]?.integer(UInt64.self).map { ", log index \($0)" } ?? ""
      Console.line("in force: \(statement.kind.rawValue) \(statement.scope) version \(statement.version)\(index)")
    }
  }
}

/// `reference revoke` and `unrevoke`: one approver stops, the quorum allows again.
enum ReferenceRevoke {
  static func revoke(_ arguments: Arguments) async throws -> ExitCode {
    let file = try ReferenceOptions.approverKey(try arguments.required("--key"))
    let statement = try await statement(.revoke, arguments)
    let bytes = try ReferenceOptions.encode(statement, with: file)
    try await ReferenceSubmit.submit(bytes, statement, arguments)
    return .ok
  }

  static func unrevoke(_ arguments: Arguments) async throws -> ExitCode {
    let out = try arguments.required("--out")
    let statement = try await statement(.unrevoke, arguments)
    try Console.writeFile(out, try ReferenceOptions.encode(statement), replacing: true)
    Console.note("\(out): unrevoke \(statement.scope) version \(statement.version), to be signed by the approvers")
    return .ok
  }

  private static func statement(
    _ kind: ReferenceStatement.Kind, _ arguments: Arguments
  ) async throws(Failure) -> ReferenceStatement {
    try await statement(kind, about: try arguments.one(of: "SCOPE"), arguments)
  }

  /// The statement that follows what the broker has in force about a scope.
  static func statement(
    _ kind: ReferenceStatement.Kind, about text: String, _ arguments: Arguments
  ) async throws(Failure) -> ReferenceStatement {
    let scope: RevocationScope
    do throws(ParseError) {
      scope = try RevocationScope(parsing: text)
    } catch {
      throw Failure(
        .usage,
        "\(text): not a scope in its one form; there are \(RevocationScope.forms.joined(separator: ", ")),"
          + " with lower-case hexadecimal")
    }
    let reason = try arguments.required("--reason")
    let references = try await BrokerReferences(from: try BrokerConnection(arguments))
    let head = try references.head(kind, scope.text)
    return ReferenceStatement(
      kind: kind, scope: scope.text, version: (head?.version ?? 0) + 1, previous: head?.digest,
      notAfter: try ReferenceOptions.notAfter(arguments, now: .now),
      body: StatementContent.revocationBody(reason: reason))
  }
}
