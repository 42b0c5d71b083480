import Bytes

/// A condition on claims: closed, typed and total. There is no negation, and an absent claim makes its comparison false,
/// so a claim that a platform does not have never opens anything.
///
/// JSON: `{"allOf":[…]}`, `{"anyOf":[…]}`, `{"equals":{"claim":C,"value":V}}`, `{"atLeast":{"claim":C,"value":N}}`,
/// `{"in":{"claim":C,"values":[…]}}`; exactly one member each.
package indirect enum Condition: Equatable, Sendable {
  case allOf([Condition])
  case anyOf([Condition])
  case equals(claim: String, ClaimLiteral)
  case atLeast(claim: String, UInt64)
  case isIn(claim: String, [ClaimLiteral])

  package static let depthLimit = 8
  package static let nodeLimit = 256

  init(parsing value: JSONValue, _ path: String) throws(ParseError) {
    var nodes = 0
    self = try Self.parse(value, path, depth: 1, &nodes)
  }

  private static func parse(
    _ value: JSONValue, _ path: String, depth: Int, _ nodes: inout Int
  ) throws(ParseError) -> Condition {
    nodes += 1
    guard depth <= depthLimit else { throw ParseError(path, .tooDeep) }
    guard nodes <= nodeLimit else { throw ParseError(path, .tooLong) }
    var reader = try JSONReader(value, path)
    guard reader.object.members.count == 1, let verb = reader.object.keys.first else {
      throw ParseError(path, .unexpected)
    }
    switch verb {
    case "allOf": return .allOf(try parts(&reader, verb, depth, &nodes))
    case "anyOf": return .anyOf(try parts(&reader, verb, depth, &nodes))
    case "equals", "atLeast", "in": return try comparison(verb, try reader.object(verb))
    default: throw ParseError(reader.name(verb), .unknownField)
    }
  }

  /// An empty list is refused: whether it means all or nothing should not be a matter of knowing.
  private static func parts(
    _ reader: inout JSONReader, _ verb: String, _ depth: Int, _ nodes: inout Int
  ) throws(ParseError) -> [Condition] {
    let items = try reader.array(verb)
    guard !items.isEmpty else { throw ParseError(reader.name(verb), .missing) }
    var parts: [Condition] = []
    for (index, item) in items.enumerated() {
      parts.append(try parse(item, "\(reader.name(verb))[\(index)]", depth: depth + 1, &nodes))
    }
    return parts
  }

  private static func comparison(_ verb: String, _ reader: JSONReader) throws(ParseError) -> Condition {
    var reader = reader
    let claim = try reader.string("claim")
    guard let kind = ClaimVocabulary.entry(claim)?.kind else { throw ParseError(reader.name("claim"), .unknownField) }
    let condition: Condition
    switch verb {
    case "equals":
      condition = .equals(claim: claim, try literal(try reader.value("value"), kind, reader.name("value")))
    case "atLeast":
      guard case .integer = kind else { throw ParseError(reader.name("claim"), .wrongType) }
      condition = .atLeast(claim: claim, try reader.integer("value"))
    default:
      let values = try reader.array("values")
      guard !values.isEmpty else { throw ParseError(reader.name("values"), .missing) }
      guard values.count <= nodeLimit else { throw ParseError(reader.name("values"), .tooLong) }
      var literals: [ClaimLiteral] = []
      for value in values { literals.append(try literal(value, kind, reader.name("values"))) }
      condition = .isIn(claim: claim, literals)
    }
    try reader.finish()
    return condition
  }

  private static func literal(
    _ value: JSONValue, _ kind: ClaimVocabulary.Kind, _ path: String
  ) throws(ParseError) -> ClaimLiteral {
    guard let literal = ClaimVocabulary.literal(value, kind) else { throw ParseError(path, .wrongType) }
    return ClaimLiteral(value: literal)
  }

  func holds(for facts: Facts) -> Bool { failure(for: facts) == nil }

  /// The first comparison that fails, or `nil` when the condition holds.
  func failure(for facts: Facts) -> (claim: String, got: String, wanted: String)? {
    switch self {
    case .allOf(let parts): return parts.lazy.compactMap { $0.failure(for: facts) }.first
    case .anyOf(let parts):
      let failures = parts.map { $0.failure(for: facts) }
      return failures.contains { $0 == nil } ? nil : failures.first ?? nil
    case .equals(let claim, let literal):
      let got = ClaimVocabulary.entry(claim)?.value(facts)
      return got == literal.value ? nil : (claim, Self.text(got), Self.text(literal.value))
    case .atLeast(let claim, let floor):
      let got = ClaimVocabulary.entry(claim)?.value(facts)
      if case .integer(let number) = got, number >= floor { return nil }
      return (claim, Self.text(got), "at least \(floor)")
    case .isIn(let claim, let literals):
      let got = ClaimVocabulary.entry(claim)?.value(facts)
      guard let got, literals.contains(where: { $0.value == got }) else {
        return (claim, Self.text(got), literals.prefix(4).map { Self.text($0.value) }.joined(separator: ", "))
      }
      return nil
    }
  }

  private static func text(_ value: ClaimValue?) -> String {
    switch value {
    case nil: "none"
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    }
  }
}

/// A literal of a rule, of the type of the claim it is compared with.
package struct ClaimLiteral: Equatable, Sendable {
  let value: ClaimValue
}
