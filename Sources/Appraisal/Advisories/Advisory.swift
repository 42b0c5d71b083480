import Bytes

/// One advisory and what it asks of each processor.
///
/// JSON: `{"id","title","references":[…],"enforced":"always"|"named","rules":[{"cpus":[…],"require":[…]}, {"cpus":[…],
/// "deny":S}, {"cpus":[…],"notAffected":S}]}` where S is `{"confirmed":B,"source":"…"}`.
package struct Advisory: Equatable, Sendable {
  /// Whom its confirmed statements bind.
  package enum Enforcement: String, Equatable, Sendable {
    /// Every bundle, from the moment the table is in force.
    case always
    /// Only bundles that name the advisory.
    case named
  }

  /// What the advisory means for one processor.
  enum Ruling: Equatable, Sendable {
    case notAffected(AdvisorySource)
    /// Nothing that a report says can show that it is mended.
    case deny(AdvisorySource)
    /// All of these.
    case require([AdvisoryClause])
  }

  package let id: String
  package let title: String
  package let references: [String]
  package let enforced: Enforcement
  /// By the processor's name in the table.
  let rulings: [String: Ruling]

  init(parsing reader: JSONReader, cpus known: Set<String>) throws(ParseError) {
    var reader = reader
    id = try reader.name(of: "id")
    title = try reader.plainText("title")
    references =
      try reader.optionalList("references", limit: 32) { value in
        value.stringValue.flatMap { BundleText.isPlain($0) ? $0 : nil }
      } ?? []
    guard let enforced = Enforcement(rawValue: try reader.string("enforced")) else {
      throw ParseError(reader.name("enforced"), .unexpected)
    }
    self.enforced = enforced
    rulings = try Self.rulings(try reader.array("rules"), known)
    try reader.finish()
  }

  private static func rulings(
    _ items: [JSONValue], _ known: Set<String>
  ) throws(ParseError) -> [String: Ruling] {
    var rulings: [String: Ruling] = [:]
    for item in items {
      var reader = try JSONReader(item, "rules")
      let names = try reader.list("cpus", limit: 256) { value in
        value.stringValue.flatMap { known.contains($0) ? $0 : nil }
      }
      let ruling = try ruling(&reader)
      try reader.finish()
      for name in names {
        guard rulings.updateValue(ruling, forKey: name) == nil else { throw ParseError("rules.cpus", .duplicate) }
      }
    }
    guard !rulings.isEmpty else { throw ParseError("rules", .missing) }
    return rulings
  }

  private static func ruling(_ reader: inout JSONReader) throws(ParseError) -> Ruling {
    if let deny = try reader.optionalObject("deny") { return .deny(try AdvisorySource(parsing: deny)) }
    if let free = try reader.optionalObject("notAffected") { return .notAffected(try AdvisorySource(parsing: free)) }
    var clauses: [AdvisoryClause] = []
    for item in try reader.array("require") {
      clauses.append(try AdvisoryClause(parsing: try JSONReader(item, reader.name("require"))))
    }
    guard !clauses.isEmpty else { throw ParseError(reader.name("require"), .missing) }
    guard clauses.count <= 16 else { throw ParseError(reader.name("require"), .tooLong) }
    return .require(clauses)
  }

  /// One line for each processor.
  var summary: [String] {
    let whom = enforced == .always ? "binds every bundle where confirmed" : "binds bundles that name it"
    return ["\(id) (\(title)) \(whom)"]
      + rulings.sorted { $0.key < $1.key }.map { name, ruling in "  \(name): \(ruling.sentence)" }
  }
}

extension Advisory.Ruling {
  fileprivate var sentence: String {
    switch self {
    case .notAffected(let source): "not affected\(source.mark)"
    case .deny(let source): "refused\(source.mark)"
    case .require(let clauses): clauses.map(\.sentence).joined(separator: "; ")
    }
  }
}

/// Where a statement of the table comes from, and whether its authors could confirm it. What is not confirmed binds
/// nobody who did not ask for it.
package struct AdvisorySource: Equatable, Sendable {
  package let isConfirmed: Bool
  package let text: String

  init(parsing reader: JSONReader) throws(ParseError) {
    var reader = reader
    try self.init(of: &reader)
    try reader.finish()
  }

  /// Reads the two members and leaves the others to the caller.
  init(of reader: inout JSONReader) throws(ParseError) {
    isConfirmed = try reader.bool("confirmed")
    text = try reader.plainText("source")
  }

  var mark: String { isConfirmed ? "" : " (unconfirmed)" }
}
