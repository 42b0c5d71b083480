package import Bytes
import Cryptography

/// One change of the reference values, as approvers sign it. Unverified until a quorum's signatures were counted.
///
/// Shape: eight lines, in this order, each ending in a newline: `vouchsafe/statement/v1`, `kind`, `scope`, `version`, `prev`,
/// `not-after`, `digest` and `body` (base64 of canonical JSON). Spec: reliability §7.5.
package struct ReferenceStatement: Equatable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case reference, rule, revoke, unrevoke, quorum, advisories, exception
    case breakGlass = "break-glass"
    case collateralGrace = "collateral-grace"
  }

  static let header = "vouchsafe/statement/v1"
  package static let bodyLimitBytes = 40 * 1024

  package let kind: Kind
  /// A bundle's name, a resource path, a revocation scope, `approvers`, a vendor, `table` for advisories, or what an
  /// exception is about.
  package let scope: String
  /// From 1 on, one more than the statement before it in the same chain.
  package let version: UInt64
  /// SHA-256 of the text of the statement before it; `nil` for version 1.
  package let previous: [UInt8]?
  /// When the statement can no longer be submitted. What it brings into force has its own dates; a break-glass ends then.
  package let notAfter: Timestamp
  package let body: JSONValue

  package init(
    kind: Kind, scope: String, version: UInt64, previous: [UInt8]?, notAfter: Timestamp, body: JSONValue
  ) {
    self.kind = kind
    self.scope = scope
    self.version = version
    self.previous = previous
    self.notAfter = Timestamp(seconds: notAfter.seconds)
    self.body = body
  }

  private var bodyBytes: [UInt8] { CanonicalJSON.encode(body) }

  /// SHA-256 of the canonical body.
  package var bodyDigest: [UInt8] { Hash.sha256.digest(bodyBytes) }

  /// The signed text, ending in a newline.
  package var text: String {
    [
      Self.header, "kind \(kind.rawValue)", "scope \(scope)", "version \(version)",
      "prev \(previous.map { Hex.encode($0) } ?? "-")", "not-after \(notAfter.rfc3339)",
      "digest \(Hex.encode(bodyDigest))", "body \(Base64.encode(bodyBytes))",
    ].map { $0 + "\n" }.joined()
  }

  /// SHA-256 of the text: what the next statement of the chain must name.
  package var digest: [UInt8] { Hash.sha256.digest(Array(text.utf8)) }

  /// Statements that follow one another: revoking and un-revoking one scope is one chain.
  package var chain: String { Self.chain(kind, scope) }

  package static func chain(_ kind: Kind, _ scope: String) -> String {
    switch kind {
    case .reference: "reference \(scope)"
    case .rule: "rule \(scope)"
    case .revoke, .unrevoke: "revocation \(scope)"
    case .quorum: "quorum \(scope)"
    case .breakGlass: "break-glass \(scope)"
    case .advisories: "advisories \(scope)"
    case .exception: "exception \(scope)"
    case .collateralGrace: "collateral-grace \(scope)"
    }
  }

  package init(parsing text: String) throws(StatementError) {
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String($0) ?? "" }
    guard lines.count == 9, lines[8].isEmpty, lines[0] == Self.header else {
      throw .malformed(ParseError("statement", .unexpected))
    }
    (kind, scope, version, previous, notAfter, body) = try bodyParsing { () throws(ParseError) in
      guard let kind = Kind(rawValue: try Self.value("kind", lines[1])) else { throw ParseError("kind", .unexpected) }
      return (
        kind, try Self.value("scope", lines[2]), try Self.version(lines[3]), try Self.previous(lines[4]),
        try Self.notAfter(lines[5]), try Self.body(lines[7])
      )
    }
    guard try bodyParsing({ () throws(ParseError) in try Self.value("digest", lines[6]) }) == Hex.encode(bodyDigest)
    else {
      throw .bodyMismatch
    }
    // One statement, one text: whatever a second reader could read otherwise is refused here.
    guard self.text.utf8.elementsEqual(text.utf8) else { throw .malformed(ParseError("statement", .notCanonical)) }
    guard (version == 1) == (previous == nil) else { throw .malformed(ParseError("prev", .unexpected)) }
  }

  private static func value(_ name: StaticString, _ line: String) throws(ParseError) -> String {
    let start = "\(name) "
    guard line.utf8.starts(with: start.utf8), line.utf8.count > start.utf8.count else {
      throw ParseError(name, .missing)
    }
    return String(line.dropFirst(start.count))
  }

  private static func version(_ line: String) throws(ParseError) -> UInt64 {
    guard let version = UInt64(try value("version", line)), version > 0 else {
      throw ParseError("version", .outOfRange)
    }
    return version
  }

  private static func previous(_ line: String) throws(ParseError) -> [UInt8]? {
    let text = try value("prev", line)
    guard text != "-" else { return nil }
    let bytes = try Hex.decode(text, "prev")
    guard bytes.count == 32 else { throw ParseError("prev", .outOfRange) }
    return bytes
  }

  private static func notAfter(_ line: String) throws(ParseError) -> Timestamp {
    try Timestamp(rfc3339: try value("not-after", line), "not-after")
  }

  private static func body(_ line: String) throws(ParseError) -> JSONValue {
    let bytes = try Base64.decode(try value("body", line), .standard, "body")
    guard bytes.count <= bodyLimitBytes else { throw ParseError("body", .tooLong) }
    return try StrictJSON.parse(bytes)
  }
}
