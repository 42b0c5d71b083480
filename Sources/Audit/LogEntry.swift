package import Bytes

/// One entry of a log as its text says, read by somebody who does not trust its writer. The tree vouches that it is in the
/// log, and nobody that it is true.
package struct LogEntry: Sendable {
  package let index: UInt64
  package let type: String
  package let time: Timestamp
  package let isSimulated: Bool
  /// The log's epoch, which is the same in a whole log or linked by an entry of type `epoch`.
  package let epoch: String
  /// Where the registry stood when the entry was made: changes so far, and the index of the last of them.
  package let registry: Position
  /// The whole object.
  package let leaf: JSONValue

  package struct Position: Equatable, Sendable {
    package var changes: UInt64
    package var last: UInt64?
  }

  /// - Throws: `ParseError` unless it is a JSON object with the members that every entry has.
  package init(parsing bytes: [UInt8], at index: UInt64) throws(ParseError) {
    self.index = index
    leaf = try StrictJSON.parse(bytes)
    var reader = try JSONReader(leaf, "leaf")
    guard try reader.integer("v", as: Int.self) == 1 else { throw ParseError("leaf.v", .outOfRange) }
    type = try reader.string("type")
    time = try reader.timestamp("time")
    isSimulated = try reader.bool("sim")
    epoch = try reader.string("epoch")
    var position = try reader.object("registry")
    let changes = try position.integer("epoch", as: UInt64.self)
    let last = try position.value("head")
    guard last.isNull || last.integer(UInt64.self) != nil else { throw ParseError("leaf.registry.head", .wrongType) }
    registry = Position(changes: changes, last: last.integer())
  }

  package func text(_ member: String) -> String? { leaf[member]?.stringValue }
  package func texts(_ member: String) -> [String] { leaf[member]?.arrayValue?.compactMap(\.stringValue) ?? [] }
  package var isDecision: Bool { type == "decision" }
  package var isAllowed: Bool { isDecision && text("result") == "allow" }
  /// A key left on it: allowed, and about a resource.
  package var isRelease: Bool { isAllowed && text("for") == "release" }
  package var isAttestation: Bool { isDecision && text("for") == "attestation" }
  /// It changes the registry: `statement`, `put` or `delete`.
  package var change: String? { text("change") }
  package var resourceVersion: UInt64? { leaf["resource_version"]?.integer() }

  /// Every hexadecimal value of a decision's `measure`.
  package var measurements: Set<String> {
    Set((leaf["measure"]?.objectValue?.members ?? []).compactMap { $0.value.stringValue })
  }
}
