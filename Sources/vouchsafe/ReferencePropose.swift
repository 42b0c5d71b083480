import Appraisal
import Bytes
import KBSProtocol
import Platform
import Terminal
import Verification

/// `reference propose`: from a document to a statement that nobody has signed yet.
enum ReferencePropose {
  static func run(_ arguments: Arguments) async throws -> ExitCode {
    let path = try arguments.one(of: "FILE.json")
    let out = try arguments.required("--out")
    let (kind, scope, body) = try document(path, isBreakGlass: arguments.flag("--break-glass"))
    let place = try await place(arguments, kind, scope)
    let statement = ReferenceStatement(
      kind: kind, scope: scope, version: place.version, previous: place.previous,
      notAfter: try ReferenceOptions.notAfter(arguments, now: .now), body: body)
    try Console.writeFile(out, try ReferenceOptions.encode(statement), replacing: true)
    Console.note("\(out): \(kind.rawValue) \(scope) version \(place.version), to be signed by the approvers")
    return .ok
  }

  /// The kind of a document follows from its schema, its scope from what it speaks of.
  private static func document(
    _ path: String, isBreakGlass: Bool
  ) throws(Failure) -> (kind: ReferenceStatement.Kind, scope: String, body: JSONValue) {
    let bytes = try Console.readFile(path, limit: 8 * ReferenceStatement.bodyLimitBytes)
    var parsed: JSONValue?
    do {
      let value = try StrictJSON.parse(bytes)
      parsed = value
      switch value["schema"]?.stringValue {
      case ReferenceBundle.schema: return (.reference, try ReferenceBundle(document: value).name, value)
      case ResourceRule.schema: return (.rule, try ResourceRule(document: value).resource.text, value)
      case ApproverQuorum.schema:
        _ = try ApproverQuorum(document: value)
        return (.quorum, isBreakGlass ? StatementContent.breakGlassQuorumScope : StatementContent.quorumScope, value)
      case AdvisoryTable.schema:
        _ = try AdvisoryTable(document: value)
        return (.advisories, StatementContent.advisoriesScope, value)
      case ManifestException.schema: return (.exception, try ManifestException(document: value).scope, value)
      case CollateralGraceStatement.schema:
        return (.collateralGrace, try CollateralGraceStatement(document: value).grace.vendor.rawValue, value)
      default:
        let known = [
          ReferenceBundle.schema, ResourceRule.schema, ApproverQuorum.schema, AdvisoryTable.schema,
          ManifestException.schema, CollateralGraceStatement.schema,
        ].joined(separator: ", ")
        throw Failure(.malformed, "\(path): \"schema\" is none of \(known)")
      }
    } catch let failure as Failure {
      throw failure
    } catch { throw Failure(.malformed, "\(path): \(error)\(Misspelling.hint(error, in: parsed))") }
  }

  /// The version and the predecessor: as given, or as the broker says, or the first.
  private static func place(
    _ arguments: Arguments, _ kind: ReferenceStatement.Kind, _ scope: String
  ) async throws(Failure) -> (version: UInt64, previous: [UInt8]?) {
    if let version = try arguments.integer("--version", in: 1...Int.max) {
      return (UInt64(version), try previous(arguments, version))
    }
    guard arguments.value("--prev") == nil else { throw Failure(.usage, "--prev is given without --version") }
    guard let references = try await BrokerReferences.reachable(arguments) else {
      Console.note("no broker was asked: taking this for the first statement about \(scope)")
      return (1, nil)
    }
    guard let head = try references.head(kind, scope) else { return (1, nil) }
    return (head.version + 1, head.digest)
  }

  private static func previous(_ arguments: Arguments, _ version: Int) throws(Failure) -> [UInt8]? {
    let digest = arguments.value("--prev").map { try? Hex.decode($0, "prev") }
    guard let digest else {
      guard version == 1 else { throw Failure(.usage, "--version \(version) needs --prev") }
      return nil
    }
    guard version > 1, let bytes = digest, bytes.count == 32 else {
      throw Failure(.usage, "--prev is the SHA-256, in hexadecimal, of the statement before version \(version)")
    }
    return bytes
  }
}
