import Appraisal
import Bytes
import Cryptography
import KBSProtocol

/// One change of the registry. Its body is stored content-addressed before the leaf that names it by digest is committed;
/// the log alone says which changes there were and in which order.
enum RegistryChange: Sendable {
  /// A signed note of the approvers.
  case statement(SignedStatement)
  case putKey(KeyRecord)
  /// With the record that replaces the path in a log that keeps names private.
  case deleteKey(ResourcePath, record: [UInt8]?)

  /// The record of a deletion: the path, and noise by which its digest tells nothing.
  static func deletion(of path: ResourcePath, noise: JSONValue) -> [UInt8] {
    CanonicalJSON.encode(.object([("v", 1), ("delete", .string(path.text)), ("salt", noise)]))
  }

  static func deleted(parsing record: [UInt8]) throws(ParseError) -> ResourcePath {
    var reader = try JSONReader(StrictJSON.parse(record), "deletion")
    guard try reader.integer("v", as: Int.self) == 1, let path = try? ResourcePath(try reader.string("delete")) else {
      throw ParseError("deletion.delete", .unexpected)
    }
    _ = try reader.string("salt")
    try reader.finish()
    return path
  }

  /// The blob that the leaf names.
  var blob: [UInt8]? {
    switch self {
    case .statement(let signed): signed.bytes
    case .putKey(let record): record.encoded
    case .deleteKey(_, let record): record
    }
  }

  /// - Parameter values: the digest of the reference values in force after the change; decisions made under them cite it.
  func leaf(registry: RegistryPosition, values: [UInt8], from origin: Leaf.Origin, at now: Timestamp) -> Leaf {
    let values: (String, JSONValue) = ("refvalues", .string(Hex.encode(values)))
    let digest = blob.map { JSONValue.string(Hex.encode(Hash.sha256.digest($0))) } ?? .null
    switch self {
    case .statement(let signed):
      let statement = signed.statement
      return Leaf(
        Self.leafKind(statement.kind), from: origin, at: now, simulated: false, registry: registry,
        [
          ("change", "statement"), ("statement", digest), ("kind", .string(statement.kind.rawValue)),
          ("scope", .string(statement.scope)), ("version", .int(statement.version)), values,
          ("not_after", .string(statement.notAfter.rfc3339)),
        ])
    case .putKey(let record):
      return Leaf(
        .resource, from: origin, at: now, simulated: false, registry: registry,
        [
          ("change", "put"), ("resource", .string(record.resource.text)), ("resource_version", .int(record.version)),
          ("kek", .string(record.kekID)), ("bundle", .string(record.bundle)), ("record", digest), values,
        ])
    case .deleteKey(let path, let record):
      return Leaf(
        .resource, from: origin, at: now, simulated: false, registry: registry,
        [("change", "delete"), ("resource", .string(path.text)), values]
          + (record == nil ? [] : [("record", digest)]))
    }
  }

  private static func leafKind(_ kind: ReferenceStatement.Kind) -> Leaf.Kind {
    switch kind {
    case .revoke: .revoke
    case .advisories: .advisories
    case .breakGlass: .breakGlass
    case .collateralGrace: .collateralGrace
    case .reference, .rule, .unrevoke, .quorum, .exception: .refvalues
    }
  }

  /// Whether a leaf is a change, and where its body is.
  enum Reference: Equatable {
    case statement(digest: [UInt8])
    case put(digest: [UInt8])
    case delete(ResourcePath)
    case deleteRecorded(digest: [UInt8])

    /// - Returns: `nil` for a leaf that changes nothing.
    static func reading(_ leaf: JSONValue) throws(ParseError) -> Reference? {
      var reader = try JSONReader(leaf, "leaf")
      guard let change = try reader.optionalString("change") else { return nil }
      switch change {
      case "statement": return .statement(digest: try reader.hex("statement", count: 32))
      case "put": return .put(digest: try reader.hex("record", count: 32))
      case "delete":
        if reader.has("record") { return .deleteRecorded(digest: try reader.hex("record", count: 32)) }
        guard let path = try? ResourcePath(try reader.string("resource")) else {
          throw ParseError("leaf.resource", .unexpected)
        }
        return .delete(path)
      default: throw ParseError("leaf.change", .unexpected)
      }
    }
  }
}
