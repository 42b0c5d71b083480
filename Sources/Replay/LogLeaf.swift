package import Bytes
package import KBSProtocol

/// One entry of the log as an auditor reads it, independently of what writes it: the common members, and what a decision
/// or a change of the registry adds. Members that are not known are left to `document`.
package struct LogLeaf: Sendable {
  package let document: JSONValue
  package let type: String
  package let time: Timestamp
  package let isSimulated: Bool
  /// How many changes the registry had seen, and the index of the last of them.
  package let registryEpoch: UInt64
  package let registryHead: UInt64?
  package let content: Content

  package enum Content: Sendable {
    case decision(DecisionLeaf)
    case statement(digest: [UInt8])
    case put(ResourceBinding)
    case delete(resource: String)
    /// The first leaf names the approvers' document, and that of those who may break the glass.
    case config(approvers: [UInt8], breakGlass: [UInt8]?)
    case other
  }

  /// A key that was stored: which version, and the bundle it belongs to.
  package struct ResourceBinding: Equatable, Sendable {
    package let resource: String
    package let version: UInt64
    package let bundle: String
    package let kek: String
  }

  /// The entry holds a name that nobody opened.
  package static let privateName = ParseError("leaf.names", .missing)

  /// - Parameter openings: read names into an entry that holds commitments to them.
  /// - Throws: `privateName` when one of those names is not among them.
  package init(parsing entry: [UInt8], openings: NameOpenings? = nil) throws(ParseError) {
    let written = try StrictJSON.parse(entry)
    guard CanonicalJSON.encode(written) == entry else { throw ParseError("leaf", .notCanonical) }
    document = openings?.opening(written) ?? written
    guard !NameCommitment.occurs(in: document) else { throw Self.privateName }
    var reader = try JSONReader(document, "leaf")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("leaf.v", .outOfRange) }
    type = try reader.string("type")
    time = try reader.timestamp("time")
    guard document["time"]?.stringValue == time.rfc3339Milliseconds else {
      throw ParseError("leaf.time", .notCanonical)
    }
    isSimulated = try reader.bool("sim")
    var registry = try reader.object("registry")
    registryEpoch = try registry.integer("epoch")
    registryHead = try registry.index("head")
    content = try Self.content(type, &reader)
  }

  private static func content(_ type: String, _ reader: inout JSONReader) throws(ParseError) -> Content {
    if type == "decision" { return .decision(try DecisionLeaf(reading: &reader)) }
    if type == "config" {
      return .config(
        approvers: try reader.hex("approvers", count: 32),
        breakGlass: reader.has("break_glass_approvers") ? try reader.optionalDigest("break_glass_approvers") : nil)
    }
    guard let change = try reader.optionalString("change") else { return .other }
    switch change {
    case "statement": return .statement(digest: try reader.hex("statement", count: 32))
    case "put":
      return .put(
        ResourceBinding(
          resource: try reader.string("resource"), version: try reader.integer("resource_version"),
          bundle: try reader.string("bundle"), kek: try reader.string("kek")))
    case "delete": return .delete(resource: try reader.string("resource"))
    default: throw ParseError("leaf.change", .unexpected)
    }
  }

  /// Whether the registry is another after this entry.
  package var isChange: Bool {
    switch content {
    case .statement, .put, .delete: true
    case .decision, .config, .other: false
    }
  }

  package var decision: DecisionLeaf? { if case .decision(let leaf) = content { leaf } else { nil } }
}

/// What a decision's leaf says of the decision.
package struct DecisionLeaf: Sendable {
  package let allows: Bool
  package let reasons: [String]
  package let evidence: [UInt8]
  package let refvalues: [UInt8]
  package let policy: [UInt8]
  /// `nil` for an attestation.
  package let release: Release?

  package struct Release: Sendable {
    package let resource: ResourcePath
    package let version: UInt64
    package let kek: String
    /// The bundles that the key was bound to.
    package let bound: [String]
    /// Index of the attestation that it stands on.
    package let attestation: UInt64
  }

  fileprivate init(reading reader: inout JSONReader) throws(ParseError) {
    switch try reader.string("result") {
    case "allow": allows = true
    case "deny": allows = false
    default: throw ParseError("leaf.result", .unexpected)
    }
    reasons = try reader.strings("reasons")
    evidence = try reader.hex("evidence", count: 32)
    refvalues = try reader.hex("refvalues", count: 32)
    policy = try reader.hex("policy", count: 32)
    switch try reader.string("for") {
    case "attestation": release = nil
    case "release": release = try Self.release(&reader)
    default: throw ParseError("leaf.for", .unexpected)
    }
  }

  private static func release(_ reader: inout JSONReader) throws(ParseError) -> Release {
    guard let resource = try? ResourcePath(try reader.string("resource")) else {
      throw ParseError("leaf.resource", .unexpected)
    }
    return Release(
      resource: resource, version: try reader.integer("resource_version"), kek: try reader.string("kek"),
      bound: try reader.strings("bound"), attestation: try reader.integer("attestation"))
  }
}

extension JSONReader {
  /// A number, or `nil` for null; the member must be there.
  mutating func index(_ key: String) throws(ParseError) -> UInt64? {
    let value = try value(key)
    if value.isNull { return nil }
    guard let index: UInt64 = value.integer() else { throw ParseError(name(key), .wrongType) }
    return index
  }

  /// 32 bytes in hexadecimal, or `nil` for null; the member must be there.
  mutating func optionalDigest(_ key: String) throws(ParseError) -> [UInt8]? {
    try value(key).isNull ? nil : try hex(key, count: 32)
  }
}
