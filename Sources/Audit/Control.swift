package import Bytes

/// One row of the control map: what is demanded, and which entries of the log show that it was done.
package struct Control: Equatable, Sendable {
  package enum Standing: String, Sendable {
    /// Every entry that could show a breach was looked at, and the cited ones show the control at work.
    case covered
    /// The cited entries show part of it; `note` says what the log cannot.
    case partly
    /// The log holds nothing about it.
    case notCovered = "not covered"
    /// The cited entries break it.
    case broken
  }

  package let id: String
  package let demand: String
  package let standing: Standing
  package let note: String
  package let evidence: IndexSample

  package var json: JSONValue {
    .object([
      ("control", .string(id)), ("demand", .string(demand)), ("standing", .string(standing.rawValue)),
      ("note", .string(note)), ("entries", evidence.json),
    ])
  }

  package var line: String {
    let cited = evidence.count == 0 ? "" : " [\(evidence.text)]"
    return "\(id)  \(standing.rawValue)\(cited)  \(demand)\(note.isEmpty ? "" : "; \(note)")"
  }
}

/// Some of the entries that show something, and how many there are.
package struct IndexSample: Equatable, Sendable {
  static let limit = 8

  package private(set) var count = 0
  package private(set) var first: [UInt64] = []
  package private(set) var last: UInt64?

  package init() {}

  package mutating func add(_ index: UInt64) {
    count += 1
    if first.count < Self.limit { first.append(index) }
    last = index
  }

  package var json: JSONValue {
    .object([
      ("count", .int(count)), ("first", .array(first.map { .int($0) })), ("last", last.map { .int($0) } ?? .null),
    ])
  }

  /// `3, 7, … 90 (12 entries)`.
  package var text: String {
    var text = first.map(String.init).joined(separator: ", ")
    if count > first.count, let last { text += ", … \(last)" }
    return "\(text) (\(count) \(count == 1 ? "entry" : "entries"))"
  }
}
