package import Bytes

/// TCB info version 3 for TDX: every member is a knob; the order of the members is Intel's.
package struct SimulatedTCBInfo: Sendable {
  package struct Level: Sendable {
    package var sgx: [Int]
    package var pceSVN: Int
    package var tdx: [Int]
    package var verdict: SimulatedVerdict

    package init(sgx: [Int], pceSVN: Int, tdx: [Int], _ verdict: SimulatedVerdict) {
      self.sgx = sgx
      self.pceSVN = pceSVN
      self.tdx = tdx
      self.verdict = verdict
    }
  }

  /// What a TDX module must be: one for its every major version, and one for versions that have none.
  package struct Module: Sendable {
    package var id = ""
    package var mrSigner = [UInt8](repeating: 0, count: 48)
    package var attributes = [UInt8](repeating: 0, count: 8)
    package var attributesMask = [UInt8](repeating: 0xFF, count: 8)
    package var levels: [SimulatedSVNLevel] = []

    package init(_ id: String = "", levels: [SimulatedSVNLevel] = []) {
      self.id = id
      self.levels = levels
    }
  }

  package var id = "TDX"
  package var version = 3
  package var issueDate: Timestamp
  package var nextUpdate: Timestamp
  package var fmspc: [UInt8] = SimulatedPlatform().fmspc
  package var pceID: [UInt8] = [0, 0]
  package var tcbType = 0
  package var evaluationDataNumber = 19
  package var module = Module()
  package var modules = [
    Module("TDX_03", levels: [SimulatedSVNLevel(3)]),
    Module(
      "TDX_01",
      levels: [
        SimulatedSVNLevel(6),
        SimulatedSVNLevel(4, SimulatedVerdict("OutOfDate", advisories: ["INTEL-SA-01036", "INTEL-SA-01099"])),
        SimulatedSVNLevel(2, SimulatedVerdict("OutOfDate", advisories: ["INTEL-SA-01036"])),
      ]),
  ]
  package var levels: [Level]

  /// - Parameter issueDate: 30 days follow, as in all of Intel's.
  package init(issueDate: Timestamp) {
    self.issueDate = issueDate
    nextUpdate = issueDate.adding(.seconds(30 * 86_400))
    let zeros = [Int](repeating: 0, count: 8)
    levels = [
      Level(
        sgx: [8, 8, 2, 2, 4, 1, 0, 6] + zeros, pceSVN: 11, tdx: [5, 0, 8, 0, 0, 0, 0, 0] + zeros, SimulatedVerdict()),
      Level(
        sgx: [7, 7, 2, 2, 3, 1, 0, 3] + zeros, pceSVN: 11, tdx: [5, 0, 7, 0, 0, 0, 0, 0] + zeros,
        SimulatedVerdict("OutOfDate", advisories: ["INTEL-SA-01010", "INTEL-SA-01036"])),
      Level(
        sgx: [5, 5, 2, 2, 3, 1, 0, 1] + zeros, pceSVN: 5, tdx: [2, 0, 5, 0, 0, 0, 0, 0] + zeros,
        SimulatedVerdict("Revoked", advisories: ["INTEL-SA-00960"])),
    ]
  }

  package var json: JSONValue {
    .object([
      ("id", .string(id)), ("version", .int(version)), ("issueDate", .string(issueDate.rfc3339)),
      ("nextUpdate", .string(nextUpdate.rfc3339)), ("fmspc", HexText.upper(fmspc)), ("pceId", HexText.upper(pceID)),
      ("tcbType", .int(tcbType)), ("tcbEvaluationDataNumber", .int(evaluationDataNumber)),
      ("tdxModule", .object(module.identity)), ("tdxModuleIdentities", .array(modules.map(\.json))),
      ("tcbLevels", .array(levels.map(\.json))),
    ])
  }
}

extension SimulatedTCBInfo.Module {
  fileprivate var identity: [(String, JSONValue)] {
    [
      ("mrsigner", HexText.upper(mrSigner)), ("attributes", HexText.upper(attributes)),
      ("attributesMask", HexText.upper(attributesMask)),
    ]
  }

  fileprivate var json: JSONValue {
    .object([("id", .string(id))] + identity + [("tcbLevels", .array(levels.map(\.json)))])
  }
}

extension SimulatedTCBInfo.Level {
  private static let sgxLabels: [Int: (category: String, type: String?)] = [
    0: ("BIOS", "Early Microcode Update"), 1: ("OS/VMM", "SGX Late Microcode Update"), 2: ("OS/VMM", "TXT SINIT"),
    3: ("BIOS", nil), 4: ("BIOS", nil), 5: ("BIOS", nil), 7: ("OS/VMM", "SEAMLDR ACM"),
  ]
  private static let tdxLabels: [Int: (category: String, type: String?)] = [
    0: ("OS/VMM", "TDX Module"), 1: ("OS/VMM", "TDX Module"), 2: ("OS/VMM", "TDX Late Microcode Update"),
  ]

  fileprivate var json: JSONValue {
    let tcb = JSONValue.object([
      ("sgxtcbcomponents", Self.components(sgx, Self.sgxLabels)), ("pcesvn", .int(pceSVN)),
      ("tdxtcbcomponents", Self.components(tdx, Self.tdxLabels)),
    ])
    return .object([("tcb", tcb)] + verdict.members)
  }

  private static func components(_ svns: [Int], _ labels: [Int: (category: String, type: String?)]) -> JSONValue {
    .array(
      svns.enumerated().map { index, svn in
        var members: [(String, JSONValue)] = [("svn", .int(svn))]
        if let label = labels[index] {
          members.append(("category", .string(label.category)))
          if let type = label.type { members.append(("type", .string(type))) }
        }
        return .object(members)
      })
  }
}
