import Audit
import Bytes

/// Entries of a log as the broker writes them, each changed a little by a test.
enum Leaves {
  static func common(
    _ type: String, minute: Int = 0, changes: Int = 0, last: Int? = nil, _ more: [(String, JSONValue)] = []
  ) -> JSONObject {
    JSONObject(
      [
        ("v", 1), ("type", .string(type)),
        ("time", .string("2026-01-02T03:\(minute < 10 ? "0" : "")\(minute):00.000Z")),
        ("node", "n"), ("build", "b"), ("epoch", "e"), ("sim", false),
        ("registry", .object([("epoch", .int(changes)), ("head", last.map { .int($0) } ?? .null)])),
      ] + more)
  }

  static let start = common("config", [("approvers", "aa"), ("anchors", .null)])
  /// Index 1: the bundle; index 2: the key.
  static let bundle = common(
    "refvalues", minute: 1,
    [
      ("change", "statement"), ("statement", "d1"), ("kind", "reference"), ("scope", "demo"), ("version", 1),
      ("refvalues", "v1"),
    ])
  static let key = common(
    "resource", minute: 2, changes: 1, last: 1,
    [
      ("change", "put"), ("resource", "models/m/key"), ("resource_version", 1), ("kek", "k"), ("bundle", "demo"),
      ("record", "r1"), ("refvalues", "v1"),
    ])

  static func decision(
    _ purpose: String, minute: Int = 3, result: String = "allow", evidence: String = "ev", challenge: String = "c"
  ) -> JSONObject {
    var leaf = common(
      "decision", minute: minute, changes: 2, last: 2,
      [
        ("result", .string(result)), ("reasons", result == "allow" ? [] : ["measurementMismatch"]),
        ("bundles", result == "allow" ? ["demo"] : []), ("refvalues", "v1"), ("explanation", .null),
        ("for", .string(purpose)), ("resource", .null), ("tee", ["snp"]),
        ("measure", .object([("measurement", "5a5a"), ("host_data", "00")])),
        ("tcb", .object([("product", "Milan")])), ("tee_key", "t"), ("challenge", .string(challenge)),
        ("evidence", .string(evidence)), ("collateral", []), ("initdata", .null), ("platform", "p"),
      ])
    if purpose == "release" {
      leaf["resource"] = "models/m/key"
      leaf["resource_version"] = 1
      leaf["kek"] = "k"
    }
    return leaf
  }

  static func revocation(_ scope: String, kind: String = "revoke", changes: Int, last: Int, minute: Int = 10)
    -> JSONObject
  {
    common(
      kind == "revoke" ? "revoke" : "refvalues", minute: minute, changes: changes, last: last,
      [
        ("change", "statement"), ("statement", "d9"), ("kind", .string(kind)), ("scope", .string(scope)),
        ("version", 1), ("refvalues", .string("v\(changes)")),
      ])
  }

  /// A log in which nothing is wrong: a pod attested and got its key.
  static let good = [start, bundle, key, decision("attestation"), decision("release", minute: 4)]

  static func bytes(_ leaf: JSONObject) -> [UInt8] { CanonicalJSON.encode(.object(leaf)) }
}

extension JSONObject {
  func with(_ member: String, _ value: JSONValue?) -> JSONObject {
    var copy = self
    copy[member] = value
    return copy
  }
}

/// The rules that the log breaks or that only say something, with the entry's index.
func rules(_ leaves: [JSONObject], acceptingSimulated: Bool = false) -> [Finding.Rule: UInt64] {
  var book = RuleBook()
  var found: [Finding.Rule: UInt64] = [:]
  for leaf in leaves {
    for finding in book.check(Leaves.bytes(leaf), acceptingSimulated: acceptingSimulated) {
      found[finding.rule] = finding.index
    }
  }
  return found
}
