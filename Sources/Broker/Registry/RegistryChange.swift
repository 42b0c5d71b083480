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
  case deleteKey(ResourcePath)

  /// The blob that the leaf names.
  var blob: [UInt8]? {
    switch self {
    case .statement(let signed): signed.bytes
    case .putKey(let record): record.encoded
    case .deleteKey: nil
    }
  }

  func leaf(registry: RegistryPosition, from origin: Leaf.Origin, at now: Timestamp) -> Leaf {
    let digest = blob.map { JSONValue.string(Hex.encode(Hash.sha256.digest($0))) } ?? .null
    switch self {
    case .statement(let signed):
      let statement = signed.statement
      return Leaf(
        Self.leafKind(statement.kind), from: origin, at: now, simulated: false, registry: registry,
        [
          ("change", "statement"), ("statement", digest), ("kind", .string(statement.kind.rawValue)),
          ("scope", .string(statement.scope)), ("version", .int(statement.version)),
        ])
    case .putKey(let record):
      return Leaf(
        .resource, from: origin, at: now, simulated: false, registry: registry,
        [
          ("change", "put"), ("resource", .string(record.resource.text)), ("resource_version", .int(record.version)),
          ("kek", .string(record.kekID)), ("bundle", .string(record.bundle)), ("record", digest),
        ])
    case .deleteKey(let path):
      return Leaf(
        .resource, from: origin, at: now, simulated: false, registry: registry,
        [("change", "delete"), ("resource", .string(path.text))])
    }
  }

  private static func leafKind(_ kind: ReferenceStatement.Kind) -> Leaf.Kind {
    switch kind {
    case .revoke: .revoke
    case .advisories: .advisories
    case .reference, .rule, .unrevoke, .quorum: .refvalues
    }
  }

  /// Whether a leaf is a change, and where its body is.
  enum Reference: Equatable {
    case statement(digest: [UInt8])
    case put(digest: [UInt8])
    case delete(ResourcePath)

    /// - Returns: `nil` for a leaf that changes nothing.
    static func reading(_ leaf: JSONValue) throws(ParseError) -> Reference? {
      var reader = try JSONReader(leaf, "leaf")
      guard let change = try reader.optionalString("change") else { return nil }
      switch change {
      case "statement": return .statement(digest: try reader.hex("statement", count: 32))
      case "put": return .put(digest: try reader.hex("record", count: 32))
      case "delete":
        guard let path = try? ResourcePath(try reader.string("resource")) else {
          throw ParseError("leaf.resource", .unexpected)
        }
        return .delete(path)
      default: throw ParseError("leaf.change", .unexpected)
      }
    }
  }
}
