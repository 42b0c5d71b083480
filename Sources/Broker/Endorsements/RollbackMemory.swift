package import Bytes
import Evidence
package import Verification

/// The newest of everything that was ever proved: an older one is a way to hide what the newer one says, and is refused
/// for good, wherever it comes from.
///
/// JSON: `{"format":1,"marks":[{"anchor","subject",…}]}`. Only what a vendor signed gets in, so strangers cannot fill it;
/// were it full, it would still refuse what it knows.
package struct RollbackMemory: Equatable, Sendable {
  static let limit = 4096

  package private(set) var marks: [CollateralMark: CollateralAge] = [:]

  package init() {}

  /// Takes the artefact's age as the newest of its kind.
  /// - Returns: whether that was news.
  mutating func note(_ proof: ProvedArtefact, at now: Timestamp) -> Bool {
    // A date that lies ahead would shut out everything until then.
    guard proof.from <= now, let mark = CollateralMark(proof.subject, anchor: proof.anchor.fingerprint) else {
      return false
    }
    return note(mark, proof.age)
  }

  private mutating func note(_ mark: CollateralMark, _ age: CollateralAge) -> Bool {
    guard let known = marks[mark] else {
      guard marks.count < Self.limit else { return false }
      marks[mark] = age
      return true
    }
    guard known.isOlder(than: age), !age.isOlder(than: known) else { return false }
    marks[mark] = age
    return true
  }

  package init(parsing file: [UInt8]) throws(ParseError) {
    let limits = StrictJSON.Limits(depth: 8, tokens: 200_000)
    var reader = try JSONReader(try StrictJSON.parse(file, limits: limits), "memory")
    guard try reader.integer("format", as: Int.self) == 1 else { throw ParseError("memory.format", .unexpected) }
    let items = try reader.array("marks")
    try reader.finish()
    for item in items {
      let (mark, age) = try Self.entry(item)
      guard marks.updateValue(age, forKey: mark) == nil else { throw ParseError("memory.marks", .duplicate) }
    }
    guard marks.count <= Self.limit else { throw ParseError("memory.marks", .tooLong) }
  }

  package var encoded: [UInt8] {
    let rows = marks.map { mark, age in (mark.sortKey, Self.json(mark, age)) }.sorted { $0.0 < $1.0 }.map(\.1)
    return CanonicalJSON.encode(.object([("format", 1), ("marks", .array(rows))])) + [0x0A]
  }

  private static func json(_ mark: CollateralMark, _ age: CollateralAge) -> JSONValue {
    var members: [(String, JSONValue)] = [("anchor", .string(mark.anchor)), ("subject", .string(mark.subjectText))]
    switch age {
    case .document(let evaluation, let issued):
      members += [("evaluation", .int(evaluation)), ("issued", .string(issued.rfc3339))]
    case .revocationList(let number, let issued):
      members += [("number", .string(Hex.encode(number))), ("issued", .string(issued.rfc3339))]
    case .certificate(let issued): members += [("issued", .string(issued.rfc3339))]
    }
    return .object(members)
  }

  private static func entry(_ value: JSONValue) throws(ParseError) -> (CollateralMark, CollateralAge) {
    var reader = try JSONReader(value, "memory.marks")
    let anchor = try reader.hex("anchor", count: 32)
    guard let mark = CollateralMark(subjectText: try reader.string("subject"), anchor: Hex.encode(anchor)) else {
      throw ParseError("memory.marks.subject", .unexpected)
    }
    let issued = try reader.timestamp("issued")
    let age: CollateralAge
    if mark.isList {
      age = .revocationList(number: try reader.hex("number"), issued: issued)
    } else {
      age = .document(evaluation: try reader.integer("evaluation"), issued: issued)
    }
    try reader.finish()
    return (mark, age)
  }
}

extension CollateralMark {
  /// `tcb/TDX/00906ed50000`, `enclave/TD_QE`, `crl/intel/root`, `crl/intel/platform`, `crl/amd/Milan`.
  fileprivate var subjectText: String {
    switch subject {
    case .tcbInfo(let id, let fmspc): "tcb/\(id)/\(Hex.encode(fmspc))"
    case .enclaveIdentity(let id): "enclave/\(id)"
    case .intelRootRevocationList: "crl/intel/root"
    case .intelRevocationList(let authority): "crl/intel/\(authority.rawValue)"
    case .amdRevocationList(let product): "crl/amd/\(product.rawValue)"
    default: ""
    }
  }

  fileprivate var sortKey: String { subjectText + " " + anchor }

  fileprivate init?(subjectText text: String, anchor: String) {
    guard let subject = Self.subject(text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)),
      let mark = CollateralMark(subject, anchor: anchor), mark.subjectText == text
    else { return nil }
    self = mark
  }

  private static func subject(_ words: [String]) -> CollateralSubject? {
    switch (words.first, words.count) {
    case ("tcb", 3): (try? Hex.decode(words[2], "fmspc")).map { .tcbInfo(id: words[1], fmspc: $0) }
    case ("enclave", 2): .enclaveIdentity(id: words[1])
    case ("crl", 3) where words[1] == "amd": SNPProduct(rawValue: words[2]).map { .amdRevocationList($0) }
    case ("crl", 3) where words[1] == "intel":
      words[2] == "root"
        ? .intelRootRevocationList : IntelPlatformAuthority(rawValue: words[2]).map { .intelRevocationList($0) }
    default: nil
    }
  }
}
