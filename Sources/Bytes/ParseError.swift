/// Why bytes from outside were refused: which field, what was wrong, and where.
///
/// Holds no byte of the input: `field` is a name from our own code (for JSON, a path of member names that
/// our own reader asked for), so the value may be logged and shown.
package struct ParseError: Error, Equatable, Sendable {
  package enum Reason: String, Sendable, CaseIterable {
    case truncated, trailing, outOfRange, notCanonical, duplicate, unexpected, tooLong, tooDeep, notUTF8, missing
    case wrongType, unknownField
  }

  package let field: String
  package let reason: Reason
  /// Byte offset in the input, where the parser knows one.
  package let offset: Int?

  package init(_ field: String, _ reason: Reason, at offset: Int? = nil) {
    self.field = field
    self.reason = reason
    self.offset = offset
  }

  package init(_ field: StaticString, _ reason: Reason, at offset: Int? = nil) {
    self.init("\(field)", reason, at: offset)
  }

  package var code: String { "malformed" }
}

extension ParseError: CustomStringConvertible {
  package var description: String {
    let place = offset.map { " at byte \($0)" } ?? ""
    return "\(field): \(reason.sentence)\(place)"
  }
}

extension ParseError.Reason {
  fileprivate var sentence: String {
    switch self {
    case .truncated: "ends too early"
    case .trailing: "bytes follow the end"
    case .outOfRange: "value out of range"
    case .notCanonical: "not in the one permitted form"
    case .duplicate: "appears twice"
    case .unexpected: "unexpected content"
    case .tooLong: "longer than permitted"
    case .tooDeep: "nested deeper than permitted"
    case .notUTF8: "not UTF-8"
    case .missing: "missing"
    case .wrongType: "of the wrong type"
    case .unknownField: "unknown member"
    }
  }
}
