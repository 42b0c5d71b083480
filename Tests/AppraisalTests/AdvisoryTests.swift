import Bytes
import Evidence
import TestSupport
import Testing

@testable import Appraisal

/// A table with one processor of each generation, and what a test wants to say about them.
private func table(_ advisories: JSONValue..., edit: (inout JSONObject) -> Void = { _ in }) -> JSONValue {
  var object = JSONObject([
    ("schema", "vouchsafe/advisories/v1"), ("dated", "2026-08-01T00:00:00Z"),
    (
      "cpus",
      [
        ["name": "Milan", "cpuid": "19/01/01"], ["name": "Milan-X", "cpuid": "19/01/02"],
        ["name": "Turin", "cpuid": "1a/02/01"],
      ]
    ),
    ("advisories", .array(advisories)),
  ])
  edit(&object)
  return .object(object)
}

private func advisory(_ id: String, enforced: JSONValue = "always", _ rules: JSONValue...) -> JSONValue {
  .object([("id", .string(id)), ("title", "a test"), ("enforced", enforced), ("rules", .array(rules))])
}

private func rule(_ cpu: JSONValue = "Milan", _ requirements: JSONValue...) -> JSONValue {
  ["cpus": [cpu], "require": .array(requirements)]
}

private func stated(_ members: [(String, JSONValue)], confirmed: Bool = true) -> JSONValue {
  .object(members + [("confirmed", .bool(confirmed)), ("source", "a test")])
}

private func floor(_ component: JSONValue, _ level: JSONValue, confirmed: Bool = true) -> JSONValue {
  stated([("tcb", component), ("atLeast", level)], confirmed: confirmed)
}

extension ReferenceValues {
  fileprivate func having(_ table: JSONValue) throws -> ReferenceValues {
    try taking(.advisories, "table", table, by: [0, 1])
  }
}

/// The codes of what stands between this platform and the bundle.
private func codes(
  _ table: JSONValue, bundle: JSONValue = Sample.bundle(), _ edit: (inout SNPFacts) -> Void = { _ in }
) throws -> [String] {
  let result = Sample.result(Sample.facts(edit), try Sample.values(bundle).having(table))
  guard case .refused(let denial) = result.verdict else { return [] }
  return denial.codes
}

private func naming(_ ids: String...) -> JSONValue {
  Sample.bundle("llama", ["tees.snp.requireAdvisories": .strings(ids)])
}

struct AdvisoryTests {
  @Test func aTableComesIntoForceByTheQuorumOnly() throws {
    let values = try Sample.values(Sample.bundle())
    let next = try values.having(table())
    #expect(next.advisories?.version == 1)
    #expect(next.digest != values.digest)
    #expect(throws: StatementError.quorumTooFew(signed: 1)) {
      try values.taking(.advisories, "table", table(), by: [0])
    }
    #expect(throws: StatementError.bodyMismatch) { try values.taking(.advisories, "other", table(), by: [0, 1]) }
  }

  @Test func withoutATableNothingIsAskedUnlessABundleNamesAnAdvisory() throws {
    #expect(Sample.result(try Sample.values(Sample.bundle())).isAccepted)
    let result = Sample.result(try Sample.values(naming("A-1")))
    guard case .refused(let denial) = result.verdict else { return #expect(Bool(false)) }
    #expect(denial.codes == ["advisoryTableMissing"])
  }

  @Test func anUnknownProcessorIsRefusedAndSoIsAReportThatNamesNone() throws {
    #expect(try codes(table()).isEmpty)
    #expect(try codes(table()) { $0.cpu = CPUIdentity(family: 0x19, model: 0x01, stepping: 0x00) } == ["cpuUnknown"])
    #expect(try codes(table()) { $0.cpu = nil } == ["cpuUnknown"])
  }

  @Test(arguments: ["bootLoader", "tee", "snp", "microcode"])
  func oneBelowAFloorIsRefusedAsReportedAndAsAtLaunch(component: String) throws {
    let levels: [String: UInt8] = ["bootLoader": 4, "tee": 0, "snp": 24, "microcode": 219]
    let level = try #require(levels[component])
    let at = table(advisory("A-1", rule("Milan", floor(.string(component), .int(level)))))
    #expect(try codes(at).isEmpty)
    let above = table(advisory("A-1", rule("Milan", floor(.string(component), .int(level + 1)))))
    #expect(try codes(above) == ["advisoryUnmet"])
    #expect(
      try codes(table(advisory("A-1", rule("Milan", floor("snp", 24))))) { $0.launchTCB = Self.oldLaunch }
        .contains("advisoryUnmet"))
  }

  private static let oldLaunch = TCBVersion.Components(fmc: nil, bootLoader: 4, tee: 0, snp: 23, microcode: 219)

  @Test func aComponentThatTheProductLacksIsNoPass() throws {
    #expect(try codes(table(advisory("A-1", rule("Milan", floor("fmc", 0))))) == ["advisoryUnmet"])
  }

  @Test func eachSteppingHasItsOwnFloor() throws {
    let both = table(advisory("A-1", rule("Milan", floor("microcode", 219)), rule("Milan-X", floor("microcode", 220))))
    #expect(try codes(both).isEmpty)
    #expect(
      try codes(both) { $0.cpu = CPUIdentity(family: 0x19, model: 0x01, stepping: 0x02) } == ["advisoryUnmet"])
  }

  @Test(arguments: BitNames.platformInfo.map(\.name), [true, false])
  func platformInfoIsAFloorOrACeilingAsTheTableSays(name: String, isSet: Bool) throws {
    let bit = try #require(BitNames.platformInfo.first { $0.name == name }?.bit)
    let asked = table(advisory("A-1", rule("Milan", stated([("platformInfo", .string(name)), ("set", .bool(isSet))]))))
    let plain = Sample.bundle("llama", ["tees.snp.platformInfo": nil])
    for value in [true, false] {
      let found = try codes(asked, bundle: plain) { $0.platformInfo = value ? 1 << bit : 0 }
      #expect(found == (value == isSet ? [] : ["advisoryUnmet"]))
    }
  }

  @Test(arguments: [true, false])
  func guestPolicyIsAskedForInBothPolarities(isSet: Bool) throws {
    let asked = table(
      advisory("A-1", rule("Milan", stated([("guestPolicy", "pageSwapDisabled"), ("set", .bool(isSet))]))))
    for value in [true, false] {
      let found = try codes(asked) { $0.guestPolicy = 0x20000 | (value ? 1 << 25 : 0) }
      #expect(found == (value == isSet ? [] : ["advisoryUnmet"]))
    }
  }

  @Test func everyBitOfAMitigationVectorMustBeThere() throws {
    for (field, edit) in [
      ("launchMitigations", { $0.launchMitigations = $1 }), ("currentMitigations", { $0.currentMitigations = $1 }),
    ] as [(String, (inout SNPFacts, UInt64?) -> Void)] {
      let asked = table(advisory("A-1", rule("Milan", stated([(field, "0x5")]))))
      let plain = Sample.bundle("llama", ["tees.snp.mitigationVectors": nil])
      for (value, isMet) in [(0b101, true), (0b111, true), (0b100, false), (0b001, false), (nil, false)]
        as [(UInt64?, Bool)]
      {
        #expect(try codes(asked, bundle: plain) { edit(&$0, value) } == (isMet ? [] : ["advisoryUnmet"]))
      }
    }
  }

  @Test func oneOfSeveralIsEnoughAndNoneIsNot() throws {
    let either = table(
      advisory(
        "A-1",
        rule(
          "Milan",
          ["anyOf": [floor("microcode", 220), stated([("platformInfo", "smtEnabled"), ("set", false)])]])))
    let plain = Sample.bundle("llama", ["tees.snp.platformInfo": nil])
    #expect(try codes(either, bundle: plain) { $0.platformInfo = 0 }.isEmpty)
    #expect(try codes(either, bundle: plain) { $0.platformInfo = 1 } == ["advisoryUnmet"])
  }

  @Test func whatIsNotConfirmedBindsOnlyThoseWhoNameIt() throws {
    let doubtful = table(advisory("A-1", rule("Milan", floor("snp", 25, confirmed: false))))
    #expect(try codes(doubtful).isEmpty)
    #expect(try codes(doubtful, bundle: naming("A-1")) == ["advisoryUnmet"])
    let either = table(
      advisory("A-1", rule("Milan", ["anyOf": [floor("snp", 25), floor("tee", 1, confirmed: false)]])))
    #expect(try codes(either).isEmpty)
    #expect(try codes(either, bundle: naming("A-1")) == ["advisoryUnmet"])
  }

  @Test func anAdvisoryForThoseWhoNameItBindsNobodyElse() throws {
    let named = table(advisory("A-1", enforced: "named", rule("Milan", floor("snp", 25))))
    #expect(try codes(named).isEmpty)
    #expect(try codes(named, bundle: naming("A-1")) == ["advisoryUnmet"])
  }

  @Test func aWholeGenerationCanBeDenied() throws {
    let deny: JSONValue = ["cpus": ["Milan", "Milan-X"], "deny": stated([])]
    #expect(try codes(table(advisory("A-1", deny))) == ["advisoryUnmet"])
    let free: JSONValue = ["cpus": ["Milan"], "notAffected": stated([])]
    #expect(try codes(table(advisory("A-1", free)), bundle: naming("A-1")).isEmpty)
    let doubtful: JSONValue = ["cpus": ["Milan"], "deny": stated([], confirmed: false)]
    #expect(try codes(table(advisory("A-1", doubtful))).isEmpty)
    #expect(try codes(table(advisory("A-1", doubtful)), bundle: naming("A-1")) == ["advisoryUnmet"])
  }

  @Test func aNamedAdvisoryThatTheTableDoesNotKnowForThisProcessorIsNoPass() throws {
    let other = table(advisory("A-1", rule("Turin", floor("snp", 1))))
    #expect(try codes(other).isEmpty)
    #expect(try codes(other, bundle: naming("A-1")) == ["advisoryUnknown"])
    #expect(try codes(other, bundle: naming("A-2")) == ["advisoryUnknown"])
  }

  @Test func aTableThatRanOutLetsNobodyPass() throws {
    let now = Sample.now
    let ends = { (end: Timestamp) in table { $0["notAfter"] = .string(end.rfc3339) } }
    #expect(try codes(ends(now.adding(.seconds(1)))).isEmpty)
    #expect(try codes(ends(now)) == ["advisoryTableExpired"])
  }

  @Test func whatATableSaysTwiceOrNobodyKnowsIsAnError() {
    let fine = rule("Milan", floor("snp", 1))
    let wrong: [JSONValue] = [
      table(advisory("A-1", fine), advisory("A-1", fine)), table(advisory("A-1", fine, fine)),
      table(advisory("A-1")), table(advisory("A-1", rule("Rome", floor("snp", 1)))),
      table(advisory("A-1", rule("Milan"))), table(advisory("A-1", enforced: "sometimes", fine)),
      table(advisory("A-1", rule("Milan", floor("psp", 1)))), table(advisory("A-1", rule("Milan", floor("snp", 256)))),
      table(advisory("A-1", rule("Milan", ["tcb": "snp", "atLeast": 1, "source": "x"]))),
      table(advisory("A-1", rule("Milan", ["tcb": "snp", "atLeast": 1, "confirmed": true]))),
      table(advisory("A-1", rule("Milan", stated([("platformInfo", "bit9"), ("set", true)])))),
      table(advisory("A-1", rule("Milan", stated([("launchMitigations", "0x0")])))),
      table(advisory("A-1", rule("Milan", stated([("launchMitigations", "5")])))),
      table(advisory("A-1", rule("Milan", ["anyOf": [floor("snp", 1)]]))),
      table(advisory("A-1", ["cpus": ["Milan"], "deny": stated([]), "require": [floor("snp", 1)]])),
      table { $0["cpus"] = [] }, table { $0["cpus"] = [["name": "Milan", "cpuid": "19/1/1"]] },
      table { $0["cpus"] = [["name": "A", "cpuid": "1A/02/01"]] },
      table { $0["cpus"] = [["name": "A", "cpuid": "19/01/01"], ["name": "B", "cpuid": "19/01/01"]] },
      table { $0["more"] = true },
    ]
    for document in wrong { #expect(throws: ParseError.self) { try AdvisoryTable(document: document) } }
    #expect(throws: Never.self) { try AdvisoryTable(document: table(advisory("A-1", fine))) }
  }

  @Test func theShippedTableIsReadAndItsConfirmedNumbersHoldOneByOne() throws {
    let shipped = try AdvisoryTable(parsing: try SourceTree.read("Examples/policies/advisories.json"))
    #expect(shipped.cpus.count == 8)
    let floors: [(cpu: CPUIdentity, microcode: UInt8)] = [
      (CPUIdentity(family: 0x19, model: 0x01, stepping: 1), 0xDB),
      (CPUIdentity(family: 0x19, model: 0x01, stepping: 2), 0x44),
      (CPUIdentity(family: 0x19, model: 0x11, stepping: 1), 0x54),
      (CPUIdentity(family: 0x19, model: 0x11, stepping: 2), 0x4F),
      (CPUIdentity(family: 0x19, model: 0xA0, stepping: 2), 0x19),
      (CPUIdentity(family: 0x1A, model: 0x02, stepping: 1), 0x47),
    ]
    for (cpu, microcode) in floors {
      for (level, isMet) in [(microcode, true), (microcode - 1, false)] {
        var facts = Sample.snp
        facts.cpu = cpu
        let tcb = TCBVersion.Components(fmc: 1, bootLoader: 1, tee: 1, snp: 1, microcode: level)
        (facts.reportedTCB, facts.launchTCB) = (tcb, tcb)
        #expect(shipped.mismatches(facts, at: Sample.now).isEmpty == isMet)
        facts.platformInfo = 0
        #expect(!shipped.mismatches(facts, at: Sample.now).isEmpty)
      }
    }
  }

  @Test func theShippedTableDeniesMilanToThoseWhoAskForIt() throws {
    let shipped = try AdvisoryTable(parsing: try SourceTree.read("Examples/policies/advisories.json"))
    #expect(shipped.mismatches(Sample.snp, naming: ["MilanLaunchy"]).map(\.code) == [.advisoryUnmet])
    var turin = Sample.snp
    turin.cpu = CPUIdentity(family: 0x1A, model: 0x02, stepping: 1)
    #expect(shipped.mismatches(turin, naming: ["MilanLaunchy"]).isEmpty)
  }
}
