import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

/// Evidence as KBS JSON, as raw and extended reports, and as text of them.
@Suite struct SNPEvidenceTests {
  private let evidence: SNPEvidence

  init() throws { evidence = try SimulatedSNP(.milan).evidence(reportData: [UInt8](0..<48)) }

  private func report(_ change: (inout JSONObject) -> Void) throws -> JSONValue {
    var object = try #require(evidence.report.kbsJSON.objectValue)
    change(&object)
    return .object([("attestation_report", .object(object))])
  }

  private func error(_ json: JSONValue) -> EvidenceError? {
    do throws(EvidenceError) {
      _ = try SNPEvidence(kbsJSON: json)
      return nil
    } catch { return error }
  }

  private func reason(_ json: JSONValue) -> ParseError.Reason? {
    if case .malformed(let problem) = error(json) { problem.reason } else { nil }
  }

  @Test func kbsJSONIsReadBackToTheSameBytes() throws {
    for product in SNPProduct.allCases {
      for version: UInt32 in 2...5 where version > 2 || product != .turin {
        var guest = SimulatedSNP(product)
        guest.version = version
        guest.policy = .max
        guest.launchMitigations = .max
        guest.currentMitigations = (1 << 53) + 1
        let evidence = try guest.evidence(reportData: [1, 2, 3])
        let text = CanonicalJSON.encode(evidence.kbsJSON)
        let back = try SNPEvidence(kbsJSON: try StrictJSON.parse(text, limits: .evidence))
        #expect(back == evidence)
      }
    }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realReportsSurviveTheKBSStructure() throws {
    for name in [
      "v2_7c614616fe", "v2_120d77b213", "v3_05b7438a3d", "v3_decdab949a", "v3_227a641db2", "v5_8fd94192d3",
      "v5_85da705e19",
    ] {
      let report = try SNPReport(try VectorStore.read("cpu/snp/\(name).bin"))
      #expect(report.kbsJSON.objectValue != nil)
      #expect(try SNPReport(kbsJSON: report.kbsJSON).bytes == report.bytes)
      #expect(try SNPReport(kbsJSON: olderShape(report)).bytes == report.bytes)
    }
  }

  /// What a guest really sent, and the bytes its hardware signed.
  @Test func aGuestsStructureBecomesTheBytesThatWereSigned() throws {
    let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = try VectorStore.file("/\(here)/Vectors/snp/trustee/evidence.json")
    guard case .snp(let evidence) = try UnverifiedEvidence.detect(bytes: file) else { return }
    let digest =
      "429dfccd12fa1ad399ae2d25ddc05ed608f64cd351c1a946068d41a6c78a2a8a24fe9d15d6b2c95a20944f6dac223311"
    #expect(Hex.encode(Hash.sha384.digest(evidence.report.signedBytes)) == digest)
    #expect(CanonicalJSON.encode(evidence.report.kbsJSON) == CanonicalJSON.encode(try normalised(file)))
  }

  /// The structure with the two vectors that guests leave out before version 5.
  private func normalised(_ file: [UInt8]) throws -> JSONValue {
    var object = try #require(try StrictJSON.parse(file)["attestation_report"]?.objectValue)
    object["launch_mit_vector"] = .null
    object["current_mit_vector"] = .null
    return .object(object)
  }

  @Test func base64OfTheReportIsRead() throws {
    let texts = [
      Base64.encode(evidence.reportBytes), Base64.encode(evidence.reportBytes, .url, padded: false),
      Base64.encode(evidence.reportBytes, padded: false),
    ]
    for text in texts {
      #expect(try SNPReport(kbsJSON: .string(text)) == evidence.report)
    }
    #expect(reason(["attestation_report": "!!!!"]) == .unexpected)
    #expect(reason(["attestation_report": ""]) == .outOfRange)
  }

  @Test func theOlderShapeKeepsReservedBytes() throws {
    var guest = SimulatedSNP(.milan)
    guest.signedPatches = [0x18B: [1, 2], 0x3A: [3], 0x1EB: [4], 0x200: [5]]
    let report = try guest.evidence(reportData: []).report
    #expect(try SNPReport(kbsJSON: olderShape(report)) == report)
    // Today's shape has no place for them.
    #expect(report.kbsJSON.stringValue != nil)
  }

  @Test func everyMemberIsNeededAndTyped() throws {
    let object = try #require(evidence.report.kbsJSON.objectValue)
    let optional = ["cpuid_fam_id", "cpuid_mod_id", "cpuid_step", "launch_mit_vector", "current_mit_vector"]
    for key in object.keys where !optional.contains(key) {
      #expect(reason(try report { $0[key] = nil }) == .missing, "\(key)")
      for wrong: JSONValue in ["1", true, .null, .object([("a", 1)])] {
        #expect(reason(try report { $0[key] = wrong }) != nil, "\(key)")
      }
    }
    #expect(try SNPEvidence(kbsJSON: try report { $0["unknown"] = 1 }).report == evidence.report)
  }

  @Test func numbersAreExactAndInRange() throws {
    let parse: (String) throws -> JSONValue = { try StrictJSON.parse(Array($0.utf8)) }
    for text in ["256", "-1", "1.0", "1e0", "18446744073709551616"] {
      let number = try parse(text)
      #expect(reason(try report { $0["cpuid_step"] = number }) == .outOfRange, "\(text)")
      #expect(reason(try report { $0["family_id"] = .array(.init(repeating: number, count: 16)) }) == .outOfRange)
    }
    #expect(reason(try report { $0["policy"] = try? parse("18446744073709551616") }) == .outOfRange)
    let largest = try SNPEvidence(kbsJSON: try report { $0["policy"] = .int(UInt64.max) })
    #expect(largest.report.policy.raw == .max)
  }

  @Test func bytesAreAsManyAsTheFieldHas() throws {
    for (key, count) in [("measurement", 48), ("report_data", 64), ("chip_id", 64), ("family_id", 16)] {
      for wrong in [0, count - 1, count + 1] {
        let value = JSONValue.array(.init(repeating: 0, count: wrong))
        #expect(reason(try report { $0[key] = value }) == .outOfRange)
      }
    }
  }

  @Test func fmcStandsWhereTheProductHasIt() throws {
    let wrong = JSONValue.object([("fmc", 1), ("bootloader", 4), ("tee", 0), ("snp", 24), ("microcode", 219)])
    #expect(reason(try report { $0["reported_tcb"] = wrong }) == .unexpected)
    #expect(reason(try report { $0["cpuid_fam_id"] = 0x1A }) == .unexpected)
  }

  @Test func newerReportVersionsAreUnsupportedAndNotMisread() throws {
    for version: UInt32 in [0, 1, 6, 7, .max] {
      #expect(error(try report { $0["version"] = .int(version) }) == .unsupportedVersion(version))
    }
  }

  @Test func certificatesComeAsNumbersOrBase64() throws {
    let json = evidence.kbsJSON
    #expect(try SNPEvidence(kbsJSON: json).certificates == evidence.certificates)
    let text = evidence.certificates.map { certificate in
      JSONValue.object([("cert_type", "VCEK"), ("data", .string(Base64.encode(certificate.der)))])
    }
    var object = try #require(json.objectValue)
    object["cert_chain"] = .array(text)
    #expect(try SNPEvidence(kbsJSON: .object(object)).certificates.map(\.der) == evidence.certificates.map(\.der))
    object["cert_chain"] = [["cert_type": ["OTHER": "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6"], "data": [1]]]
    #expect(try SNPEvidence(kbsJSON: .object(object)).certificates.count == 1)
    object["cert_chain"] = .null
    #expect(try SNPEvidence(kbsJSON: .object(object)).certificates.isEmpty)
    let wrong: [JSONValue] = [
      "x", [1], [["cert_type": "PEK", "data": [1]]], [["cert_type": "VCEK"]], [["cert_type": "VCEK", "data": [256]]],
      [["cert_type": "VCEK", "data": "*"]], .array(.init(repeating: ["cert_type": "ARK", "data": [1]], count: 17)),
    ]
    for chain in wrong {
      object["cert_chain"] = chain
      #expect(reason(.object(object)) != nil, "\(chain)")
    }
  }

  @Test func filesAreRecognisedByStructure() throws {
    let raw = evidence.reportBytes
    let expected = UnverifiedEvidence.snp(SNPEvidence(report: evidence.report))
    let hex = Hex.encode(raw)
    let folded = stride(from: 0, to: hex.utf8.count, by: 64).map { start in
      String(decoding: Array(hex.utf8)[start..<min(start + 64, hex.utf8.count)], as: UTF8.self)
    }.joined(separator: "\n")
    for text in [hex, hex.uppercased() + "\n", folded + "\r\n", Base64.encode(raw), Base64.url(raw)] {
      #expect(try UnverifiedEvidence.detect(bytes: Array(text.utf8)) == expected)
    }
    #expect(try UnverifiedEvidence.detect(bytes: raw) == expected)
    #expect(try UnverifiedEvidence.detect(bytes: evidence.extendedBytes) == .snp(evidence))
    #expect(
      try UnverifiedEvidence.detect(bytes: evidence.extendedBytes + [UInt8](repeating: 0, count: 100)) == .snp(evidence)
    )
    #expect(
      try UnverifiedEvidence.detect(bytes: Array("  \n".utf8) + CanonicalJSON.encode(evidence.kbsJSON))
        == .snp(evidence))
  }

  @Test func n36OneByteMoreOrLessIsRefused() {
    for bytes in [Array(evidence.reportBytes.dropLast()), evidence.reportBytes + [0]] {
      #expect(throws: EvidenceError.self) { try UnverifiedEvidence.detect(bytes: bytes) }
    }
  }

  @Test func anythingElseIsRefusedByName() throws {
    let cases: [(String, EvidenceError)] = [
      (#"{"version":2,"tpm_quote":{},"hcl_report":"x","vcek":"y"}"#, .unsupportedTEE(.azSNPvTPM)),
      (#"{"version":2,"tpm_quote":{},"hcl_report":"x","td_quote":"y"}"#, .unsupportedTEE(.azTDXvTPM)),
      (#"{"svn":"1","report_data":"AA"}"#, .sampleTEE),
      (#"{"a":1}"#, .unrecognised), ("", .unrecognised), ("hello world", .unrecognised), ("0", .unrecognised),
    ]
    for (text, expected) in cases {
      #expect(throws: expected) { try UnverifiedEvidence.detect(bytes: Array(text.utf8)) }
    }
    #expect(throws: EvidenceError.sampleTEE) { try UnverifiedEvidence.parse(tee: .sample, kbsJSON: evidence.kbsJSON) }
    #expect(throws: EvidenceError.unsupportedTEE(.tpm)) {
      try UnverifiedEvidence.parse(bytes: evidence.reportBytes, tee: .tpm)
    }
  }

  @Test func theNamesOfTechnologiesAreExact() {
    #expect(TEE(wireName: "az-snp-vtpm") == .azSNPvTPM)
    #expect(TEE(wireName: "azsnpvtpm") == .azSNPvTPM)
    #expect(TEE(wireName: "aztdxvtpm") == .azTDXvTPM)
    #expect(TEE(wireName: "SNP") == nil)
    #expect(TEE(wireName: "sev") == nil)
  }
}

/// The structure that guests sent until 2024, with the report's reserved bytes as members.
private func olderShape(_ report: SNPReport) -> JSONValue {
  let bytes = report.bytes
  func octets(_ range: Range<Int>) -> JSONValue { .array(bytes[range].map { .int($0) }) }
  func integer(_ range: Range<Int>) -> JSONValue {
    .int(bytes[range].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
  func tcb(_ at: Int) -> JSONValue {
    .object([
      ("bootloader", .int(bytes[at])), ("tee", .int(bytes[at + 1])), ("_reserved", octets(at + 2..<at + 6)),
      ("snp", .int(bytes[at + 6])), ("microcode", .int(bytes[at + 7])),
    ])
  }
  let first: [(String, JSONValue)] = [
    ("version", integer(0..<4)), ("guest_svn", integer(4..<8)), ("policy", integer(8..<16)),
    ("family_id", octets(0x10..<0x20)), ("image_id", octets(0x20..<0x30)), ("vmpl", integer(0x30..<0x34)),
    ("sig_algo", integer(0x34..<0x38)), ("current_tcb", tcb(0x38)), ("plat_info", integer(0x40..<0x48)),
    ("_author_key_en", integer(0x48..<0x4C)), ("_reserved_0", integer(0x4C..<0x50)),
    ("report_data", octets(0x50..<0x90)), ("measurement", octets(0x90..<0xC0)), ("host_data", octets(0xC0..<0xE0)),
    ("id_key_digest", octets(0xE0..<0x110)), ("author_key_digest", octets(0x110..<0x140)),
    ("report_id", octets(0x140..<0x160)), ("report_id_ma", octets(0x160..<0x180)), ("reported_tcb", tcb(0x180)),
    ("_reserved_1", octets(0x188..<0x1A0)), ("chip_id", octets(0x1A0..<0x1E0)), ("committed_tcb", tcb(0x1E0)),
  ]
  let versions =
    ["current_build", "current_minor", "current_major", "_reserved_2", "committed_build"] + [
      "committed_minor", "committed_major", "_reserved_3",
    ]
  let middle = versions.enumerated().map { ($0.element, JSONValue.int(bytes[0x1E8 + $0.offset])) }
  let last: [(String, JSONValue)] = [
    ("launch_tcb", tcb(0x1F0)), ("_reserved_4", octets(0x1F8..<0x2A0)),
    (
      "signature",
      .object([
        ("r", octets(0x2A0..<0x2E8)), ("s", octets(0x2E8..<0x330)), ("_reserved", octets(0x330..<0x4A0)),
      ])
    ),
  ]
  return .object(first + middle + last)
}
