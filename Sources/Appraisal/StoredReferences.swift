package import Bytes
import Cryptography
import KBSProtocol
import Verification

/// The two documents of a `ReferenceRecord`, read back. Unverified: whose signatures brought them into force is in the
/// log's statements.
package struct StoredReferences: Sendable {
  private static let limits = StrictJSON.Limits(depth: 16, tokens: 400_000)

  private var values: ReferenceValues
  private var bundles: [(name: String, version: UInt64, digest: [UInt8])] = []
  private var advisories: (version: UInt64, digest: [UInt8])?
  private var exceptions: [(scope: String, version: UInt64, digest: [UInt8])] = []
  private var rules: [(path: ResourcePath, digest: [UInt8])] = []

  /// - Throws: `ParseError`; also for a document that is not in its one form.
  package init(refvalues: [UInt8], policy: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(try Self.canonical(refvalues, "refvalues"), "refvalues")
    try reader.schema(ReferenceRecord.schema)
    values = ReferenceValues(
      quorum: try Self.quorum(try reader.value("quorum")),
      breakGlass: try Self.quorum(reader.optionalValue("breakGlassQuorum") ?? .null), salt: try Self.salt(&reader))
    for value in try reader.optionalArray("breakGlass") ?? [] {
      let active = try ReferenceValues.ActiveGrant(document: value)
      values.grants[active.grant.resource] = active
    }
    for value in try reader.optionalArray("collateralGrace") ?? [] {
      let grace = try CollateralGraceStatement(document: value)
      values.graces[grace.grace.vendor] = grace
    }
    values.epoch = try reader.integer("epoch")
    for (chain, value) in try reader.object("heads").object.members {
      var head = try JSONReader(value, "refvalues.heads")
      values.heads[chain] = .init(version: try head.integer("version"), digest: try head.hex("digest", count: 32))
      try head.finish()
    }
    for text in try reader.strings("revocations") {
      values.revocations.insert(try RevocationScope(parsing: text))
    }
    for (name, value) in try reader.object("bundles").object.members {
      let body = try Self.body(value, "refvalues.bundles")
      bundles.append((name, body.version, body.digest))
    }
    let table = try reader.value("advisories")
    if !table.isNull { advisories = try Self.body(table, "refvalues.advisories") }
    for (scope, value) in try reader.optionalObject("exceptions")?.object.members ?? [] {
      let body = try Self.body(value, "refvalues.exceptions")
      exceptions.append((scope, body.version, body.digest))
    }
    try reader.finish()
    try readPolicy(policy)
  }

  private mutating func readPolicy(_ policy: [UInt8]) throws(ParseError) {
    var reader = try JSONReader(try Self.canonical(policy, "policy"), "policy")
    try reader.schema(ReferenceRecord.policySchema)
    for (text, value) in try reader.object("rules").object.members {
      guard let path = try? ResourcePath(text), let digest = try? Hex.decode(value.stringValue ?? "", "sha256"),
        digest.count == 32
      else { throw ParseError("policy.rules", .unexpected) }
      rules.append((path, digest))
    }
    _ = try Self.salt(&reader)
    try reader.finish()
  }

  private static func salt(_ reader: inout JSONReader) throws(ParseError) -> [UInt8]? {
    reader.has("salt") ? try reader.hex("salt", count: 32) : nil
  }

  private static func body(
    _ value: JSONValue, _ name: String
  ) throws(ParseError) -> (version: UInt64, digest: [UInt8]) {
    var reader = try JSONReader(value, name)
    let found = (version: try reader.integer("version", as: UInt64.self), digest: try reader.hex("sha256", count: 32))
    try reader.finish()
    return found
  }

  private static func canonical(_ bytes: [UInt8], _ name: String) throws(ParseError) -> JSONValue {
    let value = try StrictJSON.parse(bytes, limits: limits)
    guard CanonicalJSON.encode(value) == bytes else { throw ParseError(name, .notCanonical) }
    return value
  }

  private static func quorum(_ value: JSONValue) throws(ParseError) -> ApproverQuorum? {
    guard !value.isNull else { return nil }
    guard let quorum = try? ApproverQuorum(document: value) else { throw ParseError("refvalues.quorum", .unexpected) }
    return quorum
  }

  /// The digests of the bodies that `values` needs.
  package var wanted: [[UInt8]] {
    bundles.map(\.digest) + rules.map(\.digest) + (advisories.map { [$0.digest] } ?? [])
      + exceptions.map(\.digest)
  }

  /// - Parameter bodies: by their digests; each was compared with it.
  /// - Throws: `.missing` for a body that is not there, `.unexpected` for one of another name.
  package func values(with bodies: [[UInt8]: [UInt8]]) throws(ParseError) -> ReferenceValues {
    var values = values
    for (name, version, digest) in bundles {
      guard let body = bodies[digest] else { throw ParseError("refvalues.bundles", .missing) }
      let bundle = try ReferenceBundle(parsing: body)
      guard bundle.name.utf8.elementsEqual(name.utf8) else { throw ParseError("refvalues.bundles", .unexpected) }
      values.bundles[name] = .init(bundle: bundle, version: version, digest: digest)
    }
    for (path, digest) in rules {
      guard let body = bodies[digest] else { throw ParseError("policy.rules", .missing) }
      let rule = try ResourceRule(parsing: body)
      guard rule.resource == path else { throw ParseError("policy.rules", .unexpected) }
      values.rules[path] = rule
    }
    if let (version, digest) = advisories {
      guard let body = bodies[digest] else { throw ParseError("refvalues.advisories", .missing) }
      values.advisories = .init(table: try AdvisoryTable(parsing: body), version: version, digest: digest)
    }
    for (scope, version, digest) in exceptions {
      guard let body = bodies[digest] else { throw ParseError("refvalues.exceptions", .missing) }
      let exception = try ManifestException(parsing: body)
      guard exception.scope == scope else { throw ParseError("refvalues.exceptions", .unexpected) }
      values.exceptions[scope] = .init(exception: exception, version: version, digest: digest)
    }
    return values
  }
}
