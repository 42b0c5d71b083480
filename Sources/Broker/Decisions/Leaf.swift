import Bytes

/// One entry of the decision log: a JSON object on one line with sorted keys. Holds no secret, no address of a client and
/// no text from outside.
///
/// Common members: `v` `type` `time` `node` `build` `epoch` (the log's) `sim` (any input was simulated) `registry`
/// (epoch and log index of the registry change it stands on).
struct Leaf {
  enum Kind: String {
    case decision, policy, refvalues, resource, revoke, advisories, config, epoch
    case denySummary = "deny-summary"
    case breakGlass = "break-glass"
    case collateralGrace = "collateral-grace"
  }

  /// What is the same in every leaf of one process.
  struct Origin: Sendable {
    let node: String
    /// SHA-256 of the broker's program file.
    let build: String
    let logEpoch: String
  }

  private var members: [(String, JSONValue)]

  init(
    _ kind: Kind, from origin: Origin, at time: Timestamp, simulated: Bool, registry: RegistryPosition,
    _ members: [(String, JSONValue)]
  ) {
    self.members =
      [
        ("v", 1), ("type", .string(kind.rawValue)), ("time", .string(time.rfc3339Milliseconds)),
        ("node", .string(origin.node)), ("build", .string(origin.build)), ("epoch", .string(origin.logEpoch)),
        ("sim", .bool(simulated)), ("registry", registry.json),
      ] + members
  }

  /// The bytes that are hashed.
  /// - Throws: `leafTooLarge` above 16 KiB, the cap for a leaf.
  func encoded(_ names: LeafNames.Writer) throws(BrokerError) -> [UInt8] {
    let bytes = CanonicalJSON.encode(.object(names.written(members)))
    guard bytes.count <= 16_384 else { throw .leafTooLarge }
    return bytes
  }
}

/// Where the registry stood: how many changes it had seen, and the log index of the last of them.
struct RegistryPosition: Equatable, Sendable {
  var epoch: UInt64
  /// `nil` before the first change.
  var head: UInt64?

  static let empty = RegistryPosition(epoch: 0, head: nil)

  var json: JSONValue { .object([("epoch", .int(epoch)), ("head", head.map { .int($0) } ?? .null)]) }

  init(epoch: UInt64, head: UInt64?) {
    self.epoch = epoch
    self.head = head
  }

  /// Reads it from a leaf of this log.
  init(parsing leaf: JSONValue) throws(ParseError) {
    var reader = try JSONReader(leaf, "leaf")
    var position = try reader.object("registry")
    epoch = try position.integer("epoch")
    let head = try position.value("head")
    if head.isNull {
      self.head = nil
    } else {
      guard let index: UInt64 = head.integer() else { throw ParseError("leaf.registry.head", .wrongType) }
      self.head = index
    }
  }
}
