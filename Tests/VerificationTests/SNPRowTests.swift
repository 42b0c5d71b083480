import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// One test for each row of the table of SEV-SNP checks that verifiers in the field differ in.
@Suite struct SNPRowTests {
  private let guest = SimulatedSNP(.milan)

  @Test func s1ReportVersions2To5AreRead() throws {
    for version: UInt32 in 2...5 {
      for product in SNPProduct.allCases where version > 2 || product != .turin {
        let claims = try with(SimulatedSNP(product)) { $0.version = version }.verified().get()
        #expect(claims.snp?.reportVersion == version)
        #expect(claims.snp?.product == product)
        #expect((claims.snp?.launchMitigations != nil) == (version == 5))
      }
    }
  }

  @Test func s2TurinHasItsOwnTCBLayoutAndChipID() throws {
    var turin = SimulatedSNP(.turin)
    let tcb = TCBVersion.Components(fmc: 1, bootLoader: 2, tee: 3, snp: 4, microcode: 200)
    turin.setTCB(tcb)
    #expect(try turin.verified().get().snp?.tcb.reported == tcb)
    turin.chipID[8] = 1
    #expect(try turin.refusalCode() == .chipIDMismatch)
  }

  @Test func s3KnownPlatformBitsAreAccepted() throws {
    #expect(try with(guest) { $0.platformInfo = 0xFF }.strictCodes().isEmpty)
    #expect(try with(guest) { $0.platformInfo = 0x100 }.strictCodes() == [.platformUnknownBits])
  }

  @Test func s4ARootInEvidenceIsNeverTrusted() throws {
    #expect(try guest.refusalCode(anchors: .builtIn) == .chainUntrusted)
    let root = try Certificate(der: guest.authority.ark)
    #expect(try guest.refusalCode(with: Endorsements(certificates: [root]), anchors: .builtIn) == .chainUntrusted)
  }

  @Test func s5SignaturesInTheChainArePSSWithSHA384AndSalt48() throws {
    let wrong: [SimulatedSignature] = [.pkcs1SHA384, .pssSHA256, .pssSHA384Salt32, .pssSHA384MaskSHA256]
    for signature in wrong {
      #expect(try with(guest) { $0.editVEK = { $0.signature = signature } }.refusalCode() == .chainInvalid)
      let ask = with(guest.authority.askTemplate) { $0.signature = signature }.der
      #expect(try guest.refusalCode(certificates: guest.carrying(ask: ask)) == .chainInvalid, "\(signature)")
    }
  }

  @Test func s6CertificatesAreValidAtTheTime() throws {
    let end = now.adding(.seconds(10))
    let short = with(guest) { $0.editVEK = { $0.notAfter = end } }
    #expect(try short.refusalCode(at: end.adding(.seconds(-1))) == nil)
    #expect(try short.refusalCode(at: end) == .certificateExpired)
    let late = with(guest) { $0.editVEK = { $0.notBefore = end } }
    #expect(try late.refusalCode(at: now) == .certificateNotYetValid)
    let ask = with(guest.authority.askTemplate) { $0.notAfter = end }.der
    let carried = guest.carrying(ask: ask)
    #expect(try guest.refusalCode(certificates: carried, at: end.adding(.seconds(1))) == .certificateExpired)
  }

  @Test func s8AndN24TheCertificateIsOfTheKeyThatTheReportNames() throws {
    #expect(try with(guest) { $0.keyInfo = 7 << 2 }.refusalCode() == .signingKeyUnusable)
    #expect(try with(guest) { $0.keyInfo = 2 << 2 }.refusalCode() == .signingKeyUnusable)
    #expect(try with(guest) { $0.keyInfo = 1 << 1 }.refusalCode() == .signingKeyUnusable)
    #expect(try with(guest) { $0.keyInfo = 1 << 2 }.refusalCode() == .signingKeyMismatch)
    let vlek = with(guest) {
      $0.useVLEK()
      $0.keyInfo = 0
    }
    #expect(try vlek.refusalCode() == .signingKeyMismatch)
  }

  @Test func s9AndN27TheReportedTCBIsTheCertificates() throws {
    for index in 0..<4 {
      for step in [UInt8(1), 255] {
        let certified = guest.reportedTCB
        let other = certified.changing(index, by: step)
        let wrong = with(guest) {
          $0.editVEK = { template in
            let authority = SimulatedSNPAuthority(.milan)
            template.extensions = authority.vcekTemplate(chipID: SimulatedSNP().chipID, tcb: other).extensions
          }
        }
        #expect(try wrong.refusalCode() == .tcbMismatch, "\(index) \(step)")
      }
    }
  }

  @Test func s10TheChipIDIsTheCertificates() throws {
    for index in [0, 31, 63] {
      let wrong = with(guest) { $0.signedPatches = [0x1A0 + index: [0x11]] }
      #expect(try wrong.refusalCode() == .chipIDMismatch)
    }
    let absent = with(guest) { $0.editVEK = { $0.extensions.removeAll { $0.oid == VEKExtension.hardwareID } } }
    #expect(try absent.refusalCode() == .extensionInvalid)
  }

  @Test func s11TheProcessorIsOfTheCertificatesProduct() throws {
    let genoa = with(guest) { $0.cpu = CPUIdentity(family: 0x19, model: 0x11, stepping: 1) }
    #expect(try genoa.refusalCode() == .productMismatch)
    let venice = with(guest) { $0.cpu = CPUIdentity(family: 0x1A, model: 0x50, stepping: 0) }
    #expect(try venice.refusalCode() == .productUnsupported)
    let siena = with(SimulatedSNP(.genoa)) { $0.cpu = CPUIdentity(family: 0x19, model: 0xAF, stepping: 2) }
    #expect(try siena.refusalCode() == nil)
    let named = with(guest) {
      $0.editVEK = { $0.replace(.text(VEKExtension.product, "Genoa")) }
    }
    #expect(try named.refusalCode() == .productMismatch)
  }

  @Test func s12AndN37AHiddenChipIDNeedsAVLEK() throws {
    let hidden = with(guest) { $0.signedPatches = [0x1A0: [UInt8](repeating: 0, count: 64)] }
    #expect(try hidden.refusalCode() == .chipIDMasked)
    let vlek = with(guest) { $0.useVLEK() }
    let claims = try vlek.verified().get()
    #expect(claims.snp?.signingKey == .vlek)
    #expect(claims.snp?.cspID == guest.cspID)
    // A host need not hide its chip from a guest under a VLEK.
    #expect(try with(vlek) { $0.chipID[0] = 1 }.refusalCode() == nil)
  }

  @Test func s13DebuggingIsFound() throws {
    #expect(try with(guest) { $0.policy |= 1 << 19 }.strictCodes() == [.debugEnabled])
  }

  @Test func s14VMPLIsZero() throws {
    for vmpl: UInt32 in 1...3 { #expect(try with(guest) { $0.vmpl = vmpl }.strictCodes() == [.vmplNotZero]) }
  }

  @Test func s15TCBVersionsCanBeHeldAgainstAFloor() throws {
    let claims = try with(guest) { $0.launchTCB = $0.launchTCB.changing(2, by: 255) }.verified().get()
    let floor = guest.reportedTCB
    #expect(claims.snp?.tcb.reported.isAtLeast(floor) == true)
    #expect(claims.snp?.tcb.launch.isAtLeast(floor) == false)
  }

  @Test func s16MitigationVectorsAreClaims() throws {
    let claims = try with(SimulatedSNP(.turin)) {
      $0.version = 5
      $0.launchMitigations = 0x3F
      $0.currentMitigations = .max
    }.verified().get()
    #expect(claims.snp?.launchMitigations == 0x3F)
    #expect(claims.json["currentMitigations"] == "0xffffffffffffffff")
  }

  @Test func s17ReportDataIsComparedInFull() throws {
    let evidence = UnverifiedEvidence.snp(try guest.evidence(reportData: sessionData))
    func code(_ binding: Binding) -> Refusal.Code? {
      verify(evidence, with: .none, binding: binding, anchors: simulatedAnchors, at: now).refusal?.code
    }
    for index in 0..<64 {
      let other = with(sessionData) { $0[index] ^= 1 }
      #expect(code(Binding(reportData: other)) == .reportDataMismatch)
    }
    for count in [0, 48, 63, 65] {
      #expect(code(Binding(reportData: Array((sessionData + [0]).prefix(count)))) == .reportDataMismatch)
    }
    #expect(code(Binding(runtimeDigest: Array(sessionData[..<48]))) == nil)
  }

  @Test func s18KeyDigestsAreClaims() throws {
    let claims = try with(guest) {
      $0.idKeyDigest = [UInt8](repeating: 7, count: 48)
      $0.keyInfo = 1
    }.verified().get()
    #expect(claims.snp?.idKeyDigest == [UInt8](repeating: 7, count: 48))
    #expect(claims.snp?.isAuthorKeyEnabled == true)
  }

  @Test func s19TheBytesAsReceivedAreVerified() throws {
    // Reserved bytes that no reading of the report keeps.
    let wrong = with(guest) { $0.signedPatches = [0x18B: [1], 0x208: [2], 0x1EB: [3]] }
    #expect(try wrong.refusalCode() == nil)
    let evidence = try wrong.evidence(reportData: sessionData)
    #expect(try SNPEvidence(kbsJSON: evidence.kbsJSON) == evidence)
  }

  @Test func s20HostileBytesAreRefusedAndHarmless() throws {
    let honest = try guest.evidence(reportData: sessionData).extendedBytes
    let significant = SNPReport.byteCount + 4 * 24
    var state: UInt64 = 0x5EED
    func next(below limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for _ in 0..<200 {
      var bytes = honest
      for _ in 0...next(below: 3) { bytes[next(below: significant)] ^= UInt8(1 + next(below: 255)) }
      if next(below: 4) == 0 { bytes = Array(bytes.prefix(next(below: bytes.count))) }
      guard bytes.prefix(0x330) != honest.prefix(0x330), let evidence = try? UnverifiedEvidence.detect(bytes: bytes)
      else { continue }
      let result = verify(
        evidence, with: .none, binding: Binding(reportData: sessionData), anchors: simulatedAnchors, at: now)
      #expect(result.refusal != nil)
    }
  }
}

extension SimulatedSNP {
  /// The host's certificates with another intermediate.
  func carrying(ask: [UInt8]) -> [CarriedCertificate] {
    certificates.map { $0.kind == .ask ? CarriedCertificate(kind: .ask, der: ask) : $0 }
  }
}

extension SimulatedCertificate {
  mutating func replace(_ replacement: SimulatedExtension) {
    extensions = extensions.map { $0.oid == replacement.oid ? replacement : $0 }
  }
}

extension TCBVersion.Components {
  /// With the boot loader, TEE, SNP or microcode version moved, around 256.
  func changing(_ index: Int, by step: UInt8) -> TCBVersion.Components {
    var parts = [bootLoader, tee, snp, microcode]
    parts[index] = parts[index] &+ step
    return TCBVersion.Components(
      fmc: fmc, bootLoader: parts[0], tee: parts[1], snp: parts[2], microcode: parts[3])
  }
}
