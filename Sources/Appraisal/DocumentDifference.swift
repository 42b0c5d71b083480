package import Bytes

/// What changes from one document to another, for the person who is about to sign it: every scalar that goes or comes, by
/// its path. Lists count as sets.
package struct DocumentDifference: Equatable, Sendable {
  /// `path = value` lines, sorted.
  package let removed: [String]
  package let added: [String]

  /// - Parameter old: `nil` when nothing is in force.
  package init(from old: JSONValue?, to new: JSONValue) {
    let before = old.map { Self.lines($0, "") } ?? []
    let after = Self.lines(new, "")
    removed = Self.surplus(of: before, over: after)
    added = Self.surplus(of: after, over: before)
  }

  package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

  package var text: String {
    (removed.map { "- \($0)\n" } + added.map { "+ \($0)\n" }).joined()
  }

  /// Lines of `left` that `right` has not, each as often as it is missing.
  private static func surplus(of left: [String], over right: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for line in right { counts[line, default: 0] += 1 }
    return left.filter { line in
      guard let count = counts[line], count > 0 else { return true }
      counts[line] = count - 1
      return false
    }.sorted()
  }

  private static func lines(_ value: JSONValue, _ path: String) -> [String] {
    switch value {
    case .object(let object) where !object.members.isEmpty:
      object.members.flatMap { lines($0.value, path.isEmpty ? visible($0.key) : "\(path).\(visible($0.key))") }
    case .array(let items) where !items.isEmpty: items.flatMap { lines($0, "\(path)[]") }
    default: ["\(path) = \(visible(CanonicalJSON.text(value)))"]
    }
  }

  /// Text that shows itself: everything but printable ASCII is spelt out, so that no control or direction character of a
  /// document can draw another one.
  package static func visible(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      if (0x20...0x7E).contains(scalar.value) {
        shown.unicodeScalars.append(scalar)
      } else {
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return shown
  }
}
