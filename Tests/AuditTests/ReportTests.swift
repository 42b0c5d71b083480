import Audit
import Bytes
import Testing

struct DecisionTableTests {
  private func table(_ leaves: [JSONObject]) throws -> DecisionTable {
    var table = DecisionTable()
    for (index, leaf) in leaves.enumerated() {
      table.add(try LogEntry(parsing: Leaves.bytes(leaf), at: UInt64(index)))
    }
    return table
  }

  @Test func decisionsAreCountedByWhatTheySay() throws {
    let denied = Leaves.decision("attestation", minute: 5, result: "deny")
    let summary = Leaves.common(
      "deny-summary", minute: 6, changes: 2, last: 2,
      [("reasons", ["badSignature": ["count": 7, "first": "x", "last": "x"]])])
    let table = try table(Leaves.good + [denied, denied, summary, summary])
    #expect(
      table.lines == [
        ["2026-01-02", "attestation", "", "", "snp", "deny", "measurementMismatch", "no", "2", "5", "6"],
        ["2026-01-02", "attestation", "", "demo", "snp", "allow", "", "no", "1", "3", "3"],
        ["2026-01-02", "release", "models/m/key", "demo", "snp", "allow", "", "no", "1", "4", "4"],
      ])
    #expect(table.unverified == ["badSignature": 14])
  }

  @Test func aFieldIsNeverAFormulaOrTwoFields() throws {
    let odd = Leaves.decision("release").with("resource", "=cmd|'a,\"b\"").with("bundles", ["@x"])
    let csv = try table([odd]).csv
    #expect(csv.contains(#","'=cmd|'a,""b""",'@x,"#))
    #expect(csv.hasPrefix("day,for,resource,bundle,tee,result,reason,simulated,count,first,last\r\n"))
  }
}

struct ControlReportTests {
  private func controls(_ leaves: [JSONObject]) throws -> [String: Control] {
    var book = RuleBook()
    var report = ControlReport()
    for (index, leaf) in leaves.enumerated() {
      let findings = book.check(Leaves.bytes(leaf), acceptingSimulated: true)
      report.add(try LogEntry(parsing: Leaves.bytes(leaf), at: UInt64(index)), findings)
    }
    return Dictionary(uniqueKeysWithValues: report.controls.map { ($0.id, $0) })
  }

  @Test func everyLineCitesEntriesOrSaysThatItIsNotCovered() throws {
    for (_, control) in try controls(Leaves.good) {
      switch control.standing {
      case .notCovered: #expect(control.evidence.count == 0 && !control.note.isEmpty)
      case .covered, .partly: #expect(control.evidence.count > 0 || control.id == "SIM", "\(control.id)")
      case .broken: Issue.record("\(control.line)")
      }
    }
  }

  @Test func thirteenRequirementsAreAnswered() throws {
    let found = try controls(Leaves.good)
    for number in 1...13 { #expect(found["N-\(number)"] != nil) }
    for id in ["N-1", "N-5", "N-6"] { #expect(found[id]?.standing == .notCovered) }
    #expect(found["N-4"]?.evidence.first == [4])
    #expect(found["N-2"]?.evidence.first == [3])
    #expect(found["B-46"]?.standing == .covered)
    #expect(found["N-7"]?.standing == .notCovered, "nothing was ever refused")
  }

  @Test func aBreachIsNamedWithItsEntry() throws {
    var leaves = Leaves.good
    leaves[4] = leaves[4].with("evidence", "other")
    #expect(try controls(leaves)["B-46"]?.standing == .broken)
    #expect(try controls(leaves)["B-46"]?.evidence.first == [4])
    leaves = Leaves.good
    leaves[3] = leaves[3].with("prompt", "tell me")
    #expect(try controls(leaves)["N-8"]?.standing == .broken)
    #expect(try controls(leaves)["N-8"]?.evidence.first == [3])
    #expect(try controls(Leaves.good.map { $0.with("sim", true) })["SIM"]?.standing == .broken)
  }

  @Test func manyEntriesAreSampled() throws {
    let many = Leaves.good + (0..<20).map { _ in Leaves.decision("attestation", minute: 5, result: "deny") }
    let line = try #require(try controls(many)["N-7"])
    #expect(line.evidence.count == 20)
    #expect(line.evidence.text == "5, 6, 7, 8, 9, 10, 11, 12, … 24 (20 entries)")
  }
}
