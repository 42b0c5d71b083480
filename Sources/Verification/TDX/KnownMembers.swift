import Bytes

/// The members that a form of document has, and theirs. What else a signed document of a vendor's says has no effect, and
/// is recorded: a member that nobody reads may be one that matters.
struct KnownMembers: ExpressibleByDictionaryLiteral, Sendable {
  private static let nameLimit = 16
  private static let textLimit = 64

  private let members: [String: KnownMembers]

  init(dictionaryLiteral members: (String, KnownMembers)...) {
    self.members = Dictionary(members) { first, _ in first }
  }

  private init(names: [String], _ more: [String: KnownMembers]) {
    var members = more
    for name in names { members[name] = [:] }
    self.members = members
  }

  /// Paths of members that are none of these, sorted, each once, such as `tcbLevels.tcb.later`. The items of a list go by
  /// its name.
  func others(in value: JSONValue) -> [String] {
    Array(Set(paths(in: value)).sorted().prefix(Self.nameLimit))
  }

  private func paths(in value: JSONValue) -> [String] {
    if let items = value.arrayValue { return items.flatMap(paths) }
    guard let object = value.objectValue else { return [] }
    return object.members.flatMap { name, value -> [String] in
      guard let known = members[name] else { return [Self.printable(name)] }
      return known.members.isEmpty ? [] : known.paths(in: value).map { "\(name).\($0)" }
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
