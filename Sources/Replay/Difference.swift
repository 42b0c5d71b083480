package import Bytes

/// One place in which a verdict that was made again differs from the one that was stored.
package struct Difference: Equatable, Sendable {
  /// From the document's root, such as `verdict.claims.vmpl`.
  package let field: String
  /// `nil` when the member is not there.
  package let stored: JSONValue?
  package let replayed: JSONValue?

  package init(_ field: String, stored: JSONValue?, replayed: JSONValue?) {
    self.field = field
    self.stored = stored
    self.replayed = replayed
  }

  package var json: JSONValue {
    .object([("field", .string(field)), ("stored", stored ?? .null), ("replayed", replayed ?? .null)])
  }

  package var text: String {
    func shown(_ value: JSONValue?) -> String { value.map { CanonicalJSON.text($0) } ?? "nothing" }
    return "\(field): stored \(shown(stored)), replayed \(shown(replayed))"
  }

  /// Every leaf in which two documents differ. Empty exactly when their canonical forms are the same bytes.
  package static func between(_ stored: JSONValue?, _ replayed: JSONValue?, _ field: String) -> [Difference] {
    switch (stored, replayed) {
    case (.object(let left)?, .object(let right)?):
      let names = left.keys + right.keys.filter { left[$0] == nil }
      return names.sorted().flatMap { between(left[$0], right[$0], "\(field).\($0)") }
    case (.array(let left)?, .array(let right)?) where left.count == right.count:
      return left.indices.flatMap { between(left[$0], right[$0], "\(field)[\($0)]") }
    default:
      return same(stored, replayed) ? [] : [Difference(field, stored: stored, replayed: replayed)]
    }
  }

  private static func same(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
    left.map { CanonicalJSON.encode($0) } == right.map { CanonicalJSON.encode($0) }
  }
}
