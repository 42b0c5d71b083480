import Bytes
import Evidence
import SimulatedTEE
import TestSupport
import Testing

/// The report's form: what is read, and what is refused before anybody looks at a signature.
@Suite struct SNPReportTests {
  private let bytes = SimulatedSNP(.milan).report(reportData: [UInt8](0..<64))

  private func error(_ change: (inout [UInt8]) -> Void) -> EvidenceError? {
    var changed = bytes
    change(&changed)
    do throws(EvidenceError) {
      _ = try SNPReport(changed)
      return nil
    } catch { return error }
  }

  private func field(_ change: (inout [UInt8]) -> Void) -> String? {
    if case .malformed(let problem) = error(change) { problem.field } else { nil }
  }

  @Test func everyFieldIsReadFromItsPlace() throws {
    var guest = SimulatedSNP(.genoa)
    guest.version = 5
    guest.guestSVN = 0x0102_0304
    guest.policy = 0xF1F2_F3F4_F5F6_F7F8
    guest.familyID = [UInt8](repeating: 0x11, count: 16)
    guest.imageID = [UInt8](repeating: 0x12, count: 16)
    guest.vmpl = 3
    guest.platformInfo = 0xE1E2_E3E4_E5E6_E7E8
    guest.keyInfo = 0b101
    guest.measurement = [UInt8](repeating: 0x13, count: 48)
    guest.hostData = [UInt8](repeating: 0x14, count: 32)
    guest.idKeyDigest = [UInt8](repeating: 0x15, count: 48)
    guest.authorKeyDigest = [UInt8](repeating: 0x16, count: 48)
    guest.reportID = [UInt8](repeating: 0x17, count: 32)
    guest.reportIDMA = [UInt8](repeating: 0x18, count: 32)
    guest.reportedTCB = .init(fmc: nil, bootLoader: 1, tee: 2, snp: 3, microcode: 4)
    guest.committedTCB = .init(fmc: nil, bootLoader: 5, tee: 6, snp: 7, microcode: 8)
    guest.currentTCB = .init(fmc: nil, bootLoader: 9, tee: 10, snp: 11, microcode: 12)
    guest.launchTCB = .init(fmc: nil, bootLoader: 13, tee: 14, snp: 15, microcode: 16)
    guest.currentFirmware = [1, 2, 3]
    guest.committedFirmware = [4, 5, 6]
    guest.launchMitigations = .max
    guest.currentMitigations = 1 << 63
    let report = try SNPReport(guest.report(reportData: [UInt8](0..<64)))
    #expect(report.version == 5)
    #expect(report.guestSVN == guest.guestSVN)
    #expect(report.policy.raw == guest.policy)
    #expect(report.familyID == guest.familyID)
    #expect(report.imageID == guest.imageID)
    #expect(report.vmpl == 3)
    #expect(report.platformInfo.raw == guest.platformInfo)
    #expect(report.signingKey == .vlek)
    #expect(report.isAuthorKeyEnabled)
    #expect(!report.isChipKeyMasked)
    #expect(report.reportData == [UInt8](0..<64))
    #expect(report.measurement == guest.measurement)
    #expect(report.hostData == guest.hostData)
    #expect(report.idKeyDigest == guest.idKeyDigest)
    #expect(report.authorKeyDigest == guest.authorKeyDigest)
    #expect(report.reportID == guest.reportID)
    #expect(report.reportIDMA == guest.reportIDMA)
    #expect(report.reportedTCB.components(.family19) == guest.reportedTCB)
    #expect(report.committedTCB.components(.family19) == guest.committedTCB)
    #expect(report.currentTCB.components(.family19) == guest.currentTCB)
    #expect(report.launchTCB.components(.family19) == guest.launchTCB)
    #expect(report.cpu == guest.cpu)
    #expect(report.chipID == guest.chipID)
    #expect(report.currentFirmware.build == 1 && report.currentFirmware.minor == 2 && report.currentFirmware.major == 3)
    #expect(report.committedFirmware.build == 4 && report.committedFirmware.major == 6)
    #expect(report.launchMitigations == .max)
    #expect(report.currentMitigations == 1 << 63)
    #expect(report.signedBytes.count == 0x2A0)
    #expect(report.signature.count == 96)
  }

  @Test func everyOtherLengthIsRefused() {
    for count in 0..<bytes.count {
      #expect(throws: EvidenceError.self) { try SNPReport(Array(bytes[..<count])) }
    }
    #expect(field { $0.append(0) } == "report")
  }

  @Test func n36VersionsOutside2To5AreUnsupported() throws {
    for version: UInt8 in [0, 1, 6, 255] { #expect(error { $0[0] = version } == .unsupportedVersion(UInt32(version))) }
    #expect(error { $0[3] = 1 } == .unsupportedVersion(0x0100_0003))
    for version: UInt8 in 2...5 { #expect(error { $0[0] = version } == nil) }
  }

  @Test func reservedPlacesAreZero() {
    #expect(field { $0[0x34] = 2 } == "report.signatureAlgorithm")
    #expect(field { $0[0x37] = 1 } == "report.signatureAlgorithm")
    for bit in 5..<32 { #expect(field { $0[0x48 + bit / 8] |= 1 << UInt8(bit % 8) } == "report.keyInfo") }
    for offset in 0x4C..<0x50 { #expect(field { $0[offset] = 1 } == "report.reserved04C") }
    for offset in 0x330..<0x4A0 { #expect(field { $0[offset] = 1 } == "report.tail") }
    for offset in 0x2D0..<0x2E8 { #expect(field { $0[offset] = 1 } == "report.signature.r") }
    for offset in 0x318..<0x330 { #expect(field { $0[offset] = 1 } == "report.signature.s") }
  }

  @Test func n23AZeroHalfIsNoSignature() {
    for offset in [0x2A0, 0x2E8] {
      let error = error { $0.replaceSubrange(offset..<offset + 48, with: [UInt8](repeating: 0, count: 48)) }
      #expect(error == .unsigned)
    }
  }

  @Test func theProcessorTellsTheProduct() {
    let cases: [(UInt8, UInt8, SNPProduct?)] = [
      (0x19, 0x00, .milan), (0x19, 0x0F, .milan), (0x19, 0x10, .genoa), (0x19, 0x1F, .genoa), (0x19, 0x20, nil),
      (0x19, 0x9F, nil), (0x19, 0xA0, .genoa), (0x19, 0xAF, .genoa), (0x19, 0xB0, nil), (0x1A, 0x00, .turin),
      (0x1A, 0x11, .turin), (0x1A, 0x12, nil), (0x1A, 0x50, nil), (0x17, 0x01, nil),
    ]
    for (family, model, product) in cases {
      #expect(SNPProduct(CPUIdentity(family: family, model: model, stepping: 0)) == product, "\(family)/\(model)")
    }
  }

  @Test func tcbVersionsRoundTripInBothLayouts() {
    let raw = TCBVersion(raw: 0x5100_0000_0403_0201)
    let turin = TCBVersion.Components(fmc: 1, bootLoader: 2, tee: 3, snp: 4, microcode: 0x51)
    #expect(raw.components(.family1A) == turin)
    #expect(TCBVersion(turin, layout: .family1A) == raw)
    #expect(raw.bytes == [1, 2, 3, 4, 0, 0, 0, 0x51])
    let milan = TCBVersion(raw: 0x7308_0000_0000_0003)
    #expect(milan.components(.family19) == .init(fmc: nil, bootLoader: 3, tee: 0, snp: 8, microcode: 0x73))
    #expect(TCBVersion(milan.components(.family19), layout: .family19) == milan)
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realReportsAreReadAndKeptAsTheyAre() throws {
    for name in ["v2_7c614616fe", "v3_05b7438a3d", "v3_decdab949a", "v5_8fd94192d3", "v5_85da705e19"] {
      let bytes = try VectorStore.read("cpu/snp/\(name).bin")
      #expect(try SNPReport(bytes).bytes == bytes)
    }
  }
}
