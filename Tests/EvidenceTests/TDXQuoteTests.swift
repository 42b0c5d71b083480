import Bytes
import Evidence
import SimulatedTEE
import TestSupport
import Testing

/// The quote's form: what is read, and what is refused before anybody looks at a signature.
@Suite struct TDXQuoteTests {
  private let guest = SimulatedTDX(issuedAt: 1_795_000_000)
  private let data = [UInt8](0..<64)

  private func error(_ change: (inout SimulatedTDX) -> Void) -> EvidenceError? {
    var changed = guest
    change(&changed)
    do throws(EvidenceError) {
      _ = try TDXQuote(changed.quote(reportData: data))
      return nil
    } catch { return error }
  }

  private func field(_ change: (inout SimulatedTDX) -> Void) -> String? {
    if case .malformed(let problem) = error(change) { problem.field } else { nil }
  }

  private func unsupported(_ change: (inout SimulatedTDX) -> Void) -> UnsupportedQuote? {
    if case .unsupportedQuote(let quote) = error(change) { quote } else { nil }
  }

  @Test(arguments: [UInt16(4), 5]) func everyFieldIsReadFromItsPlace(version: UInt16) throws {
    var guest = guest
    if version == 5 { guest.useVersion5() }
    guest.userData = [UInt8](repeating: 0x01, count: 20)
    guest.teeTCBSVN = [UInt8](0x10..<0x20)
    guest.teeTCBSVN2 = [UInt8](0x20..<0x30)
    guest.mrSEAM = [UInt8](repeating: 0x02, count: 48)
    guest.mrSignerSEAM = [UInt8](repeating: 0x03, count: 48)
    guest.seamAttributes = 0x0102_0304_0506_0708
    guest.tdAttributes = 0x8000_0000_1000_0001
    guest.xfam = 0xF1F2_F3F4_F5F6_F7F8
    guest.mrTD = [UInt8](repeating: 0x04, count: 48)
    guest.mrConfigID = [UInt8](repeating: 0x05, count: 48)
    guest.mrOwner = [UInt8](repeating: 0x06, count: 48)
    guest.mrOwnerConfig = [UInt8](repeating: 0x07, count: 48)
    guest.rtmrs = (8..<12).map { [UInt8](repeating: $0, count: 48) }
    guest.mrServiceTD = [UInt8](repeating: 0x0C, count: 48)
    let bytes = guest.quote(reportData: data)
    let quote = try TDXQuote(bytes)
    #expect(quote.version == version)
    #expect(quote.vendorID == TDXQuote.intelVendorID)
    #expect(quote.userData == guest.userData)
    let body = quote.body
    #expect(body.type == (version == 5 ? 3 : 2))
    #expect(body.teeTCBSVN == guest.teeTCBSVN)
    #expect(body.mrSeam == guest.mrSEAM && body.mrSignerSeam == guest.mrSignerSEAM)
    #expect(body.seamAttributes == [8, 7, 6, 5, 4, 3, 2, 1])
    #expect(body.attributes.raw == guest.tdAttributes && body.xfam == guest.xfam)
    #expect(body.mrTD == guest.mrTD && body.mrConfigID == guest.mrConfigID)
    #expect(body.mrOwner == guest.mrOwner && body.mrOwnerConfig == guest.mrOwnerConfig)
    #expect(body.rtmr == guest.rtmrs && body.reportData == data)
    #expect(body.teeTCBSVN2 == (version == 5 ? guest.teeTCBSVN2 : nil))
    #expect(body.mrServiceTD == (version == 5 ? guest.mrServiceTD : nil))
    #expect(Array(quote.signedBytes) == Array(bytes[..<(guest.bodyOffset + guest.bodySize)]))
    #expect(quote.signature == Array(bytes[guest.signatureOffset..<guest.signatureOffset + 64]))
    #expect(quote.attestationKey == Array(bytes[guest.signatureOffset + 64..<guest.signatureOffset + 128]))
    #expect(quote.authenticationData == guest.authenticationData)
    #expect(quote.certificationData.last == 0)
    #expect(quote.bytes == bytes && quote.paddingCount == 0)
  }

  @Test func theEnclavesReportIsReadFromItsPlace() throws {
    var guest = guest
    guest.qeReport.cpuSVN = [UInt8](1...16)
    guest.qeReport.miscSelect = [1, 2, 3, 4]
    guest.qeReport.attributes = [UInt8](21...36)
    guest.qeReport.mrEnclave = [UInt8](41...72)
    guest.qeReport.mrSigner = [UInt8](81...112)
    guest.qeReport.isvProdID = 0x0102
    guest.qeReport.isvSVN = 0x0304
    guest.qeReport.reportData = [UInt8](120..<184)
    let enclave = try TDXQuote(guest.quote(reportData: data)).enclave
    #expect(enclave.bytes.count == 384)
    #expect(enclave.cpuSVN == [UInt8](1...16))
    #expect(enclave.miscSelect == [1, 2, 3, 4])
    #expect(enclave.attributes == [UInt8](21...36))
    #expect(enclave.mrEnclave == [UInt8](41...72))
    #expect(enclave.mrSigner == [UInt8](81...112))
    #expect(enclave.isvProdID == 0x0102 && enclave.isvSVN == 0x0304)
    #expect(enclave.reportData == [UInt8](120..<184))
    #expect(!enclave.isDebug)
    guest.qeReport.attributes[0] = 0x17
    #expect(try TDXQuote(guest.quote(reportData: data)).enclave.isDebug)
  }

  @Test func n18EveryProperPrefixIsRefused() {
    let bytes = guest.quote(reportData: data)
    for count in 0..<bytes.count {
      #expect(throws: EvidenceError.self, "\(count) bytes") { try TDXQuote(Array(bytes[..<count])) }
    }
  }

  @Test func n22OnlyZerosMayFollow() throws {
    let bytes = guest.quote(reportData: data)
    #expect(error { $0.paddedTo = 8000 } == nil)
    let padded = try TDXQuote(bytes + [UInt8](repeating: 0, count: 70))
    #expect(padded.bytes == bytes)
    #expect(padded.paddingCount == 70)
    for tail: [UInt8] in [[1], [0, 0, 1], [0xFF]] {
      #expect(throws: EvidenceError.malformed(ParseError("quote", .trailing))) { try TDXQuote(bytes + tail) }
    }
    #expect(field { $0.paddedTo = 65_537 } == "quote")
    #expect(error { $0.paddedTo = 65_536 } == nil)
  }

  @Test func t1VersionKeyTEEAndSizesAreConsistent() {
    #expect(unsupported { $0.version = 3 } == .version(3))
    #expect(unsupported { $0.version = 6 } == .version(6))
    #expect(unsupported { $0.attestationKeyType = 3 } == .keyType(3))
    #expect(unsupported { $0.teeType = 0 } == .enclave)
    #expect(field { $0.teeType = 0x82 } == "quote.teeType")
    func version5(_ change: @escaping (inout SimulatedTDX) -> Void) -> (inout SimulatedTDX) -> Void {
      return {
        $0.useVersion5()
        change(&$0)
      }
    }
    #expect(error(version5 { $0.bodyType = 2 }) == nil)
    #expect(unsupported(version5 { $0.statedBodyType = 1 }) == .enclave)
    #expect(unsupported(version5 { $0.teeType = 0 }) == .enclave)
    for type: UInt16 in [0, 5, 0xFFFF] {
      #expect(unsupported(version5 { $0.statedBodyType = type }) == .bodyType(type))
    }
    for size: UInt32 in [0, 584, 647, 649, 885, .max] {
      #expect(field(version5 { $0.statedBodySize = size }) == "quote.bodySize")
    }
    #expect(field(version5 { $0.statedBodyType = 2 }) == "quote.bodySize")
  }

  @Test func t2BodiesOfType3AreRead() throws {
    var guest = guest
    guest.useVersion5()
    #expect(try TDXQuote(guest.quote(reportData: data)).body.type == 3)
  }

  @Test func t3BodiesOfType4AreRefusedByName() {
    #expect(
      unsupported {
        $0.useVersion5()
        $0.bodyType = 4
      } == .partitionedBody)
  }

  @Test func n18LengthsThatDoNotFitAreRefused() {
    for delta in [-1, 1, Int(UInt32.max)] {
      func moved(_ size: Int) -> UInt32 { UInt32(truncatingIfNeeded: delta > 1 ? delta : size + delta) }
      let quote = guest.quote(reportData: data)
      let signatureSize = quote.count - guest.signatureOffset
      #expect(error { $0.statedSignatureSize = moved(signatureSize) } != nil)
      #expect(field { $0.statedOuterSize = moved(signatureSize - 134) } == "quote.certification.size")
      #expect(field { $0.statedInnerSize = moved(signatureSize - 134 - 450 - 38) } == "quote.certificationData")
    }
    for size: UInt16 in [31, 33, 1025, .max] { #expect(error { $0.statedAuthenticationSize = size } != nil) }
    #expect(field { $0.statedAuthenticationSize = 1025 } == "quote.authenticationData")
    #expect(error { $0.authenticationData = [] } == nil)
    #expect(error { $0.authenticationData = [UInt8](repeating: 7, count: 1024) } == nil)
    #expect(field { $0.authenticationData = [UInt8](repeating: 7, count: 1025) } == "quote.authenticationData")
  }

  @Test func n20CertificatesThatAreNotEmbeddedAreRefusedByName() {
    for type: UInt16 in 1...4 { #expect(unsupported { $0.innerType = type } == .certificatesNotEmbedded(type)) }
    for type: UInt16 in [0, 6, 7, .max] { #expect(field { $0.innerType = type } == "quote.certificationData.type") }
    #expect(field { $0.innerData = [0x30, 0x82, 0x01, 0x00] } == "quote.certificationData")
    #expect(field { $0.innerData = [] } == "quote.certificationData")
  }

  @Test func n21TheOuterTypeIsSix() {
    for type: UInt16 in [0, 1, 5, 7, .max] { #expect(field { $0.outerType = type } == "quote.certification.type") }
  }

  @Test func attributesAreNamedByTheirBits() {
    let bits: [(UInt64, (TDAttributes) -> Bool)] = [
      (0, \.isDebug), (16, \.isInstructionCountDisabled), (17, \.isServiceTDExtended), (27, \.isLASSEnabled),
      (28, \.isSEPTVEDisabled), (29, \.isMigratable), (30, \.isProtectionKeysEnabled), (31, \.isKeyLockerEnabled),
      (62, \.isTDPartitioningAware), (63, \.isPerformanceMonitored),
    ]
    for (bit, flag) in bits {
      #expect(flag(TDAttributes(raw: 1 << bit)) && !flag(TDAttributes(raw: ~(1 << bit))))
      #expect(TDAttributes(raw: 1 << bit).unknownBits == 0)
    }
    for bit: UInt64 in 0..<8 { #expect(TDAttributes(raw: 1 << bit).underDebugBits == 1 << bit) }
    for bit: UInt64 in [8, 15, 18, 26, 32, 61] { #expect(TDAttributes(raw: 1 << bit).unknownBits == 1 << bit) }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realQuotesAreReadAndTrimmed() throws {
    for (name, padding) in [("v4_f1c8503301", 70), ("v4_00b2526ab1", 3065), ("v5_cf77a6e91e", 0)] {
      let bytes = try VectorStore.read("cpu/tdx/\(name).bin")
      let quote = try TDXQuote(bytes)
      #expect(quote.bytes == Array(bytes.dropLast(quote.paddingCount)))
      #expect(padding == 0 || quote.paddingCount > 0, "\(name): \(quote.paddingCount)")
    }
  }
}
