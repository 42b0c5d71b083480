import Bytes

/// The members that a form of document has, and theirs. What else a signed document of a vendor's says has no effect, and
/// is recorded: a member that nobody reads may be one that matters.
struct KnownMembers: ExpressibleByDictionaryLiteral, Sendable {
  private static let nameLimit = 16
  private static let textLimit = 64

  /// A dozen at most: looking at each costs less than a table.
  private let members: [(name: String, members: KnownMembers)]

  init(dictionaryLiteral members: (String, KnownMembers)...) {
    self.members = members.map { (name: $0.0, members: $0.1) }
  }

  private init(names: [String], _ more: KnownMembers) {
    members = names.map { (name: $0, members: [:]) } + more.members
  }

  /// Paths of members that are none of these, sorted, each once, such as `tcbLevels.tcb.later`. The items of a list go by
  /// its name.
  func others(in value: JSONValue) -> [String] {
    var found = Set<String>()
    collect(value, under: "", &found)
    return Array(found.sorted().prefix(Self.nameLimit))
  }

  private func collect(_ value: JSONValue, under path: String, _ found: inout Set<String>) {
    if case .array(let items) = value {
      for item in items { collect(item, under: path, &found) }
    }
    guard case .object(let object) = value else { return }
    for (name, value) in object.members {
      if let known = members.first(where: { $0.name == name })?.members {
        if !known.members.isEmpty { known.collect(value, under: "\(path)\(name).", &found) }
      } else {
        found.insert(path + Self.printable(name))
      }
    }
  }

  private static func printable(_ name: String) -> String {
    String(decoding: name.utf8.prefix(textLimit).map { (0x21...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
  }

  private static let verdict = ["tcbDate", "tcbStatus", "advisoryIDs"]
  private static let svnLevels = KnownMembers(names: verdict, ["tcb": ["isvsvn": [:]]])
  private static let components: KnownMembers = ["svn": [:], "category": [:], "type": [:]]
  private static let module = ["mrsigner", "attributes", "attributesMask"]

  /// Version 3. Spec: Intel PCS API v4, TDX TCB info.
  static let tcbInfo = KnownMembers(
    names: [
      "id", "version", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbType", "tcbEvaluationDataNumber",
    ],
    [
      "tdxModule": KnownMembers(names: module, [:]),
      "tdxModuleIdentities": KnownMembers(names: ["id"] + module, ["tcbLevels": svnLevels]),
      "tcbLevels": KnownMembers(
        names: verdict, ["tcb": ["sgxtcbcomponents": components, "tdxtcbcomponents": components, "pcesvn": [:]]]),
    ])

  /// Version 2. Spec: Intel PCS API v4, TDX quoting enclave identity.
  static let identity = KnownMembers(
    names: [
      "id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "miscselect", "miscselectMask",
      "attributes", "attributesMask", "mrsigner", "isvprodid",
    ], ["tcbLevels": svnLevels])
}
