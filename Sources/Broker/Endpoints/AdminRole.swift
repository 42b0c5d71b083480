import Bytes
import Transport

/// Whom an administrator's certificate makes its holder. Roles are not merged by the broker; who holds several
/// certificates has several roles. None of them can widen what is released: that takes signatures. Spec: product, roles.
enum AdminRole: String, CaseIterable, Sendable {
  /// Runs the broker: sees its state and why it refuses, and hands statements in.
  case `operator`
  /// Owns models: stores their keys, retires them, and hands statements in.
  case provider
  /// Reads what decisions were made from, and the names that the log keeps private.
  case auditor

  /// Reads a line of `admin/pins`: the SHA-256 of a SubjectPublicKeyInfo, and after it the roles; none named are all.
  static func pin(parsing line: Substring) throws(ParseError) -> (key: [UInt8], roles: Set<AdminRole>) {
    let words = line.split(separator: " ").map(String.init)
    let key = try Hex.decode(words.first ?? "", "admin.pins")
    guard key.count == 32 else { throw ParseError("admin.pins", .outOfRange) }
    var roles = Set<AdminRole>()
    for word in words.dropFirst() {
      guard let role = AdminRole(rawValue: word) else { throw ParseError("admin.pins", .unexpected) }
      roles.insert(role)
    }
    return (key, roles.isEmpty ? Set(allCases) : roles)
  }

  /// The one table of who may call what. What it does not name is the operator's.
  static func permitted(_ method: HTTPMethod, _ segments: [String]) -> Set<AdminRole> {
    switch (method, segments.first, segments.dropFirst().first) {
    case (.get, "v1", "status"), (.get, "v1", "references"), (.get, "v1", "keys"): Set(allCases)
    case (.post, "v1", "statements"): [.operator, .provider]
    case (.put, "v1", "keys"), (.delete, "v1", "keys"): [.provider]
    case (.get, "v1", "decisions"): [.operator, .auditor]
    case (.get, "v1", "evidence"), (.get, "v1", "openings"): [.auditor]
    case (.post, "kbs", _), (.delete, "kbs", _):
      segments.dropFirst(2).first == "resource" ? [.provider] : [.operator]
    default: [.operator]
    }
  }
}
