package import Bytes

/// The openings of committed names, as a broker reveals them to an auditor: a file that may be kept and shown.
///
/// JSON: `{"schema":"vouchsafe/openings/v1","log":NAME,"valuesSalt":HEX,"openings":[OPENING,…]}`, where an opening is
/// `{"index":N,"name":TEXT,"salt":HEX}`; `valuesSalt` is what the digests of the reference values hold, and may be left
/// out. Nothing in it is believed: a name is read into an entry only where its commitment is exactly that of name and salt.
package struct NameOpenings: Equatable, Sendable {
  package static let schema = "vouchsafe/openings/v1"
  /// Of a file, in bytes.
  package static let limitBytes = 64 << 20

  package struct Opening: Equatable, Sendable {
    /// The entry of the log.
    package let index: UInt64
    package let name: String
    /// 32 bytes.
    package let salt: [UInt8]

    package init(index: UInt64, name: String, salt: [UInt8]) {
      self.index = index
      self.name = name
      self.salt = salt
    }

    var json: JSONValue {
      .object([("index", .int(index)), ("name", .string(name)), ("salt", .string(Hex.encode(salt)))])
    }
  }

  package let log: String
  /// 32 bytes; `nil` from a log with names in clear.
  package let valuesSalt: [UInt8]?
  package let openings: [Opening]
  private var names: [NameCommitment: String] = [:]

  package init(log: String, valuesSalt: [UInt8]? = nil, openings: [Opening]) {
    self.log = log
    self.valuesSalt = valuesSalt
    self.openings = openings
    for opening in openings { names[NameCommitment(to: opening.name, salt: opening.salt)] = opening.name }
  }

  package init(parsing bytes: [UInt8]) throws(ParseError) {
    let limits = StrictJSON.Limits(depth: 8, tokens: 4_000_000)
    var reader = try JSONReader(StrictJSON.parse(bytes, limits: limits), "openings")
    guard try reader.string("schema") == Self.schema else { throw ParseError("openings.schema", .unexpected) }
    let log = try reader.string("log")
    let salt = reader.has("valuesSalt") ? try reader.hex("valuesSalt", count: 32) : nil
    var openings: [Opening] = []
    for value in try reader.array("openings") {
      var item = try JSONReader(value, "openings.openings")
      openings.append(
        Opening(
          index: try item.integer("index"), name: try item.string("name"),
          salt: try item.hex("salt", count: NameCommitment.saltByteCount)))
      try item.finish()
    }
    try reader.finish()
    self.init(log: log, valuesSalt: salt, openings: openings)
  }

  package var json: JSONValue {
    var object = JSONObject([("schema", .string(Self.schema)), ("log", .string(log))])
    object["valuesSalt"] = valuesSalt.map { .string(Hex.encode($0)) }
    object["openings"] = .array(openings.map(\.json))
    return .object(object)
  }

  /// The name that a commitment stands for, if it is among these.
  package func name(of commitment: NameCommitment) -> String? { names[commitment] }

  /// The entry with the names that these open in the place of their commitments; others stay as they are.
  package func opening(_ leaf: JSONValue) -> JSONValue {
    if let commitment = NameCommitment(leaf) { return names[commitment].map { .string($0) } ?? leaf }
    switch leaf {
    case .object(let object): return .object(object.members.map { ($0.key, opening($0.value)) })
    case .array(let items): return .array(items.map(opening))
    default: return leaf
    }
  }
}
