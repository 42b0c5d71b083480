/// The members that a form of document has, and theirs: to find what a vendor's signed document says that nobody reads,
/// and that may matter.
package struct JSONForm: ExpressibleByDictionaryLiteral, Sendable {
  private static let nameLimit = 16
  private static let textLimit = 64

  /// A dozen at most: looking at each costs less than a table.
  private let members: [(name: String, form: JSONForm)]

  package init(dictionaryLiteral members: (String, JSONForm)...) {
    self.members = members.map { (name: $0.0, form: $0.1) }
  }

  /// - Parameter names: of members of which nothing else is known.
  package init(names: [String], _ more: JSONForm) {
    members = names.map { (name: $0, form: [:]) } + more.members
  }

  /// Paths of members that are none of these, sorted, each once, such as `tcbLevels.tcb.later`. The items of a list go by
  /// its name.
  package func others(in element: JSONElement) -> [String] {
    var found = Set<String>()
    collect(element.outline, element.place, under: [], &found)
    return Array(found.sorted().prefix(Self.nameLimit))
  }

  private func collect(_ outline: JSONOutline, _ place: Int, under path: [String], _ found: inout Set<String>) {
    let mark = outline.marks[place]
    var item = place + 1
    switch mark.kind {
    case .array:
      while item < mark.link {
        collect(outline, item, under: path, &found)
        item = outline.marks[item].next(after: item)
      }
    case .object:
      while item < mark.link {
        collectMember(outline, item, under: path, &found)
        item = outline.marks[item + 1].next(after: item + 1)
      }
    default: return
    }
  }

  private func collectMember(_ outline: JSONOutline, _ key: Int, under path: [String], _ found: inout Set<String>) {
    for index in members.indices where outline.isNamed(key, members[index].name) {
      guard !members[index].form.members.isEmpty else { return }
      members[index].form.collect(outline, key + 1, under: path + [members[index].name], &found)
      return
    }
    let name = Self.printable(outline.marks[key].text(outline.input, outline.texts))
    found.insert((path + [name]).joined(separator: "."))
  }

  private static func printable(_ name: String) -> String {
    String(decoding: name.utf8.prefix(textLimit).map { (0x21...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
  }
}
