import Bytes
import Evidence
import Testing
import Verification

@testable import Appraisal

struct ReferenceBundleTests {
  private func parse(_ edits: [String: JSONValue?]) throws -> ReferenceBundle {
    try ReferenceBundle(document: Sample.bundle("llama", edits))
  }

  @Test func aFullBundleIsRead() throws {
    let bundle = try parse([:])
    #expect(bundle.name == "llama")
    #expect(bundle.notAfter == (try Timestamp(rfc3339: "2027-01-01T00:00:00Z")))
    #expect(bundle.snp?.measurements == [Sample.measurement])
    #expect(bundle.snp?.products[.milan]?.reported == Sample.floor)
    #expect(bundle.snp?.guestPolicy.forbidden == 1 << 16 | 1 << 19)
    #expect(bundle.snp?.platformInfo.required == 1 << 5)
    #expect(bundle.resources == [try Sample.path()])
    #expect(bundle.openEnds.isEmpty)
    let bytes = CanonicalJSON.encode(Sample.bundle())
    #expect(try ReferenceBundle(parsing: bytes).snp == bundle.snp)
  }

  @Test func whatIsLeftOutIsStrictOrNamed() throws {
    let bundle = try ReferenceBundle(document: Sample.plainBundle())
    #expect(bundle.snp?.vmpls == [0])
    #expect(bundle.snp?.signingKeys == [.vcek])
    #expect(bundle.snp?.requiresRevocationCheck == true)
    #expect(!bundle.acceptingSimulatedEvidence)
    #expect(bundle.openEnds.count == 8)
  }

  /// A member that nobody reads would be a requirement that nobody checks.
  @Test(arguments: [
    "measurement", "tees.snp.measurement", "tees.snp.minimumTCB.Genoa", "tees.snp.minimumTCB.Milan.current",
    "tees.snp.minimumTCB.Milan.reported.ucode", "tees.snp.minimumTCB.Milan.reported.fmc",
    "tees.snp.guestPolicy.allowed",
    "tees.snp.platformInfo.tolerated", "tees.snp.mitigationVectors.next",
  ])
  func anUnknownMemberAnywhereIsAnError(_ path: String) {
    #expect(throws: ParseError(path, .unknownField)) { try parse([path: ["x": 1]]) }
  }

  @Test(arguments: ["sgx", "nvidia", "sample", "SNP"])
  func aSectionOfAnotherTEEIsRefusedByName(_ tee: String) {
    #expect(throws: ParseError("tees.\(tee)", .unknownField)) { try parse(["tees.\(tee)": ["measurements": ["00"]]]) }
  }

  @Test(arguments: [
    "schema", "name", "workload", "tees", "tees.snp.measurements", "tees.snp.products",
    "tees.snp.minimumTCB",
    "tees.snp.minimumTCB.Milan", "tees.snp.minimumTCB.Milan.reported", "tees.snp.minimumTCB.Milan.launch",
    "tees.snp.minimumTCB.Milan.reported.bootLoader", "tees.snp.minimumTCB.Milan.reported.tee",
    "tees.snp.minimumTCB.Milan.reported.snp", "tees.snp.minimumTCB.Milan.launch.microcode",
  ])
  func aRequirementThatMustBeMadeCannotBeLeftOut(_ path: String) {
    #expect(throws: ParseError(path, .missing)) { try parse([path: nil]) }
  }

  @Test func atLeastOneTechnologyIsDescribed() {
    #expect(throws: ParseError("tees", .missing)) { try parse(["tees.snp": nil]) }
  }

  @Test(arguments: [
    "resources", "tees.snp.measurements", "tees.snp.hostData", "tees.snp.products", "tees.snp.chipIDs",
    "tees.snp.signingKeys", "tees.snp.idKeyDigests", "tees.snp.authorKeyDigests", "tees.snp.vmpls",
    "tees.snp.guestPolicy.forbidden", "tees.snp.platformInfo.required",
  ])
  func anEmptyListIsNeitherAllNorNothing(_ path: String) {
    #expect(throws: ParseError(path, .missing)) { try parse([path: []]) }
  }

  @Test func valuesOfOtherShapesAreRefused() {
    let hex48 = String(repeating: "ab", count: 48)
    let wrong: [(String, JSONValue)] = [
      ("schema", "vouchsafe/reference/v2"), ("name", ""), ("name", "a/b"), ("name", "-a"), ("name", "a b"),
      ("name", "ll\u{E1}ma"), ("name", .string(String(repeating: "a", count: 65))), ("workload", ""),
      ("workload", "a\nb"),
      ("workload", "\u{202E}evil"), ("notAfter", "tomorrow"), ("notAfter", "2026-01-01T00:00:00Z"),
      ("resources", ["a/b"]), ("resources", ["a/b/c", "a/b/c"]), ("acceptingSimulatedEvidence", "no"),
      ("tees.snp.measurements", ["ab"]), ("tees.snp.measurements", [.string(hex48), .string(hex48.uppercased())]),
      ("tees.snp.measurements", [.string(String(repeating: "00", count: 48))]), ("tees.snp.measurements", ["*"]),
      ("tees.snp.measurements", .string(hex48)), ("tees.snp.hostData", [.string(hex48)]),
      ("tees.snp.chipIDs", [.string(String(repeating: "00", count: 64))]), ("tees.snp.products", ["Venice"]),
      ("tees.snp.products", ["milan"]), ("tees.snp.products", ["Milan", "Milan"]), ("tees.snp.signingKeys", ["none"]),
      ("tees.snp.vmpls", [4]), ("tees.snp.vmpls", [-1]), ("tees.snp.vmpls", [0, 0]), ("tees.snp.minimumGuestSVN", -1),
      ("tees.snp.minimumTCB.Milan.reported.snp", 256), ("tees.snp.minimumTCB.Milan.reported.snp", "24"),
      ("tees.snp.guestPolicy.required", ["debugAllowed"]), ("tees.snp.guestPolicy.required", ["migrationAgentAllowed"]),
      ("tees.snp.guestPolicy.required", ["smt"]), ("tees.snp.guestPolicy.required", ["smtAllowed"]),
      ("tees.snp.guestPolicy.forbidden", ["smtAllowed", "smtAllowed"]), ("tees.snp.requireRevocationCheck", 1),
      ("tees.snp.mitigationVectors", 5), ("tees.snp.initDataDigests", [.string(hex48)]),
    ]
    for (path, value) in wrong {
      #expect(throws: ParseError.self, "\(path) = \(value)") { try parse([path: value]) }
    }
  }

  @Test func initDataDigestsAreComparedAsHOST_DATAHoldsThem() throws {
    let digest = Array(UInt8(1)...48)
    let bundle = try parse([
      "tees.snp.hostData": nil, "tees.snp.initDataDigests": [.string(Hex.encode(digest))],
    ])
    #expect(bundle.snp?.hostData == [Array(digest.prefix(32))])
  }

  @Test func everyVLEKBelongsToANamedProvider() throws {
    #expect(throws: ParseError("tees.snp.providers", .missing)) { try parse(["tees.snp.signingKeys": ["VLEK"]]) }
    #expect(throws: ParseError("tees.snp.providers", .missing)) { try parse(["tees.snp.providers": ["cn=a"]]) }
    let bundle = try parse(["tees.snp.signingKeys": ["VLEK"], "tees.snp.providers": ["cn=cloud"]])
    #expect(bundle.snp?.providers == ["cn=cloud"])
  }

  @Test func turinHasAFirmwareFloorMore() throws {
    let tcb: JSONValue = ["fmc": 1, "bootLoader": 1, "tee": 1, "snp": 4, "microcode": 81]
    let floors: JSONValue = ["Turin": .object([("reported", tcb), ("launch", tcb)])]
    let bundle = try parse(["tees.snp.products": ["Turin"], "tees.snp.minimumTCB": floors])
    #expect(bundle.snp?.products[.turin]?.launch.fmc == 1)
    let without: JSONValue = ["Turin": .object([("reported", Sample.tcb), ("launch", Sample.tcb)])]
    #expect(throws: ParseError("tees.snp.minimumTCB.Turin.reported.fmc", .missing)) {
      try parse(["tees.snp.products": ["Turin"], "tees.snp.minimumTCB": without])
    }
  }

  @Test func aDoubledKeyIsRefused() {
    let text = CanonicalJSON.text(Sample.bundle()).replacing(
      "\"measurements\":", with: "\"measurements\":[],\"measurements\":")
    #expect(throws: ParseError.self) { try ReferenceBundle(parsing: Array(text.utf8)) }
  }
}
