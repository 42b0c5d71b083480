import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

extension EvidenceNegatives {
  static let snpGuests: [(name: String, guest: SimulatedSNP)] = [
    ("Milan, version 2", with(SimulatedSNP(.milan)) { $0.version = 2 }), ("Milan, version 3", SimulatedSNP(.milan)),
    ("Genoa, version 5", with(SimulatedSNP(.genoa)) { $0.version = 5 }),
    ("Turin, version 5", with(SimulatedSNP(.turin)) { $0.version = 5 }),
    ("Milan under a VLEK", with(SimulatedSNP(.milan)) { $0.useVLEK() }),
  ]

  @Test(arguments: [0, 1, 2, 3, 4])
  func everyFieldOfASimulatedReport(index: Int) throws {
    let (name, guest) = Self.snpGuests[index]
    let certificates = try guest.certificates.map { try Certificate(der: $0.der) }
    let setting = Setting(tee: .snp, endorsements: Endorsements(certificates: certificates))
    let report = guest.report(reportData: sessionData)
    #expect(setting.code(report) == nil)
    var mutator = Mutator(bytes: report, fields: Self.reportFields)
    mutator.oracle = ReportOracle(original: report).code
    mutator.tails = Self.noTables
    expect(tally(mutator, setting), atLeast: Floor.report, "\(name)")
  }

  @Test(.enabled(if: VectorStore.isPresent)) func everyFieldOfARealReport() throws {
    let cases = try VectorTests.cases().filter(\.isAccepted)
    #expect(cases.count == 12)
    for (index, item) in cases.enumerated() {
      let reportData = try SNPReport(item.report).reportData
      let setting = Setting(
        tee: .snp, endorsements: item.endorsements, reportData: reportData, anchors: .builtIn, time: item.time)
      #expect(setting.code(item.report) == nil)
      // Sampled, to stay short: every second byte of the longer fields.
      var mutator = Mutator(bytes: item.report, fields: Self.reportFields)
      // A report of version 2 does not say whose certificate it takes.
      if item.report[0] > 2 { mutator.oracle = ReportOracle(original: item.report).code }
      mutator.flipEvery = 2
      mutator.cutEvery = 3 + index % 2
      mutator.tails = Self.noTables
      expect(tally(mutator, setting), atLeast: Floor.realReport, "\(item.id)")
    }
  }

  @Test func everyByteOfACertificateInATable() throws {
    let guest = SimulatedSNP(.genoa)
    let report = guest.report(reportData: sessionData)
    let carried = guest.certificates.filter { $0.kind != .ark }
    let table = CarriedCertificate.writeTable(carried)
    let setting = Setting(tee: .snp)
    #expect(setting.code(report + table) == nil)
    // What the table says of itself, and the certificates in it; the root's place is nobody's business.
    var fields = MutationField.list(from: report.count, Self.entryFields("ask") + Self.entryFields("vcek"))
    fields += MutationField.list(
      from: report.count + 72, carried.map { ("\($0.kind)", $0.der.count, Self.certificateCodes) })
    // What lies behind the last certificate is padding, as host pages have it.
    fields[fields.count - 1].isSized = false
    var mutator = Mutator(bytes: report + table, fields: fields, lengthCodes: Self.tableCodes)
    mutator.flipEvery = 2
    // Cut inside the table alone: the report itself is cut above, and it needs no table to be one.
    mutator.cutEvery = mutator.bytes.count + 1
    mutator.tails = []
    var tally = tally(mutator, setting)
    for count in report.count + 1..<mutator.bytes.count {
      tally.add("cut to \(count)", setting.code(Array(mutator.bytes[..<count])), Self.tableCodes)
    }
    expect(tally, atLeast: Floor.certificateTable, "certificate table")
  }

  @Test func everyMemberOfAReportInJSON() throws {
    let guest = SimulatedSNP(.milan)
    // Without the root, which is nobody's business.
    let json = try guest.kbsEvidence(
      reportData: sessionData, certificates: guest.certificates.filter { $0.kind != .ark })
    let setting = Setting(tee: .snp)
    #expect(setting.code(CanonicalJSON.encode(json)) == nil)
    expect(try tally(json, setting, Self.jsonCodes), atLeast: Floor.reportJSON, "KBS JSON")
  }
}

// What may be said of which change. Order of the checks: binding, key, certificates, product, chip, TCB, chain, signature.
extension EvidenceNegatives {
  private static let signed: Set<Refusal.Code> = [.signatureInvalid]
  /// Nothing that could be read as a table without entries, which padding is.
  private static let noTables: [[UInt8]] = [
    [0], [0xFF], [UInt8](repeating: 0, count: 23), [UInt8](repeating: 0xA5, count: 70),
    [UInt8](repeating: 0, count: 24) + [1], [UInt8](repeating: 0, count: 4095) + [0x80],
  ]

  static let reportFields = MutationField.list([
    ("version", 4, [.unsupportedVersion, .productUnsupported, .productMismatch, .signatureInvalid]),
    ("guestSVN", 4, signed), ("policy", 8, signed), ("familyID", 16, signed), ("imageID", 16, signed),
    ("vmpl", 4, signed), ("signatureAlgorithm", 4, [.malformed]), ("currentTCB", 8, [.tcbOrder, .signatureInvalid]),
    ("platformInfo", 8, signed),
    ("keyInfo", 4, [.malformed, .signingKeyUnusable, .signingKeyMismatch, .collateralMissing, .signatureInvalid]),
    ("reserved04C", 4, [.malformed]), ("reportData", 64, [.reportDataMismatch]), ("measurement", 48, signed),
    ("hostData", 32, signed), ("idKeyDigest", 48, signed), ("authorKeyDigest", 48, signed), ("reportID", 32, signed),
    ("reportIDMA", 32, signed), ("reportedTCB", 8, [.tcbMismatch, .tcbOrder, .signatureInvalid]),
    ("cpu", 3, [.productUnsupported, .productMismatch, .signatureInvalid]), ("reserved18B", 21, signed),
    ("chipID", 64, [.chipIDMismatch, .chipIDMasked, .signatureInvalid]),
    ("committedTCB", 8, [.tcbOrder, .signatureInvalid]), ("currentFirmware", 4, signed),
    ("committedFirmware", 4, signed), ("launchTCB", 8, signed), ("launchMitigations", 8, signed),
    ("currentMitigations", 8, signed), ("reserved208", 152, signed), ("r", 48, [.signatureInvalid, .unsignedReport]),
    ("rPadding", 24, [.malformed]), ("s", 48, [.signatureInvalid, .unsignedReport]), ("sPadding", 24, [.malformed]),
    ("tail", 368, [.malformed]),
  ])

  static let certificateCodes: Set<Refusal.Code> = [
    .certificateMalformed, .extensionInvalid, .chainUntrusted, .chainSignatureInvalid, .chainInvalid,
    .certificateExpired, .certificateNotYetValid, .productUnsupported, .productMismatch, .chipIDMismatch, .tcbMismatch,
    .signingKeyMismatch, .collateralMissing, .signatureInvalid,
  ]
  static let tableCodes = certificateCodes.union([.malformed])
  static let jsonCodes = tableCodes.union([
    .reportDataMismatch, .signingKeyUnusable, .tcbOrder, .unsignedReport, .unsupportedVersion, .unrecognisedEvidence,
    .unsupportedTEE, .chipIDMasked,
  ])

  private static func entryFields(_ name: String) -> [(name: String, count: Int, codes: Set<Refusal.Code>)] {
    [
      ("\(name).guid", 16, tableCodes), ("\(name).offset", 4, tableCodes), ("\(name).length", 4, tableCodes),
    ]
  }
}
