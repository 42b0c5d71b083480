import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// The catalogue of forgeries: each is refused, and for its own reason.
@Suite struct SNPNegativeTests {
  private let guest = SimulatedSNP(.milan)

  @Test func n23EverySignedByteIsSigned() throws {
    let evidence = try guest.evidence(reportData: sessionData)
    let isBound: (Int) -> Bool = { (0x50..<0x90).contains($0) }
    for offset in 0..<0x2A0 {
      var bytes = evidence.reportBytes
      bytes[offset] ^= 1 << UInt8(offset % 8)
      guard let report = try? SNPReport(bytes) else { continue }
      let forged = SNPEvidence(report: report, certificates: evidence.certificates)
      let result = verify(
        .snp(forged), with: .none, binding: Binding(reportData: sessionData), anchors: simulatedAnchors, at: now)
      #expect(result.refusal?.code.kind == .invalid, "byte \(offset)")
      if isBound(offset) { #expect(result.refusal?.code == .reportDataMismatch) }
    }
  }

  @Test func n23EveryBitOfAFieldIsSigned() throws {
    let evidence = try guest.evidence(reportData: sessionData)
    for bit in 0..<48 * 8 {
      var bytes = evidence.reportBytes
      bytes[0x90 + bit / 8] ^= 1 << UInt8(bit % 8)
      let forged = SNPEvidence(report: try SNPReport(bytes), certificates: evidence.certificates)
      let result = verify(
        .snp(forged), with: .none, binding: Binding(reportData: sessionData), anchors: simulatedAnchors, at: now)
      #expect(result.refusal?.code == .signatureInvalid, "bit \(bit)")
    }
  }

  @Test func n23SignaturesOutsideTheCurveAreRefused() throws {
    let order = try Hex.decode(
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", "n")
    for offset in [0x2A0, 0x2E8] {
      let atOrder = with(guest) { $0.patches = [offset: order.reversed()] }
      #expect(try atOrder.refusalCode() == .signatureInvalid)
      let bigEndian = with(guest) { guest in
        let report = guest.report(reportData: sessionData)
        guest.patches = [offset: report[offset..<offset + 48].reversed()]
      }
      #expect(try bigEndian.refusalCode() == .signatureInvalid)
    }
  }

  @Test func n25KeysOfTheOtherKindAreRefused() throws {
    // Signed by the VLEK, whose certificate says VCEK.
    let dressed = with(guest) {
      $0.useVLEK()
      $0.editVEK = { $0.subject = SimulatedName("SEV-VCEK") }
    }
    #expect(try dressed.refusalCode() == .productUnsupported)
    // A VCEK's name below the VLEK's issuer.
    let crossed = with(guest) {
      $0.editVEK = { template in
        let authority = SimulatedSNPAuthority(.milan)
        template.issuer = authority.asvkName
        template.issuerKey = authority.keys.asvk
      }
    }
    #expect(try crossed.refusalCode(certificates: crossed.carrying(ask: guest.authority.asvk)) == .productUnsupported)
    // A key of its own that nobody vouched for.
    let own = with(guest) { $0.editVEK = { $0.subjectPublicKeyInfo = $0.subjectKey(of: SimulatedKeys.shared.vlek) } }
    #expect(try own.refusalCode() == .signatureInvalid)
  }

  @Test func n26TheChipOfAnotherCertificateWithTheSameTCB() throws {
    let other = with(guest) { $0.chipID = [UInt8](repeating: 9, count: 64) }
    #expect(try guest.refusalCode(certificates: other.certificates) == .chipIDMismatch)
  }

  @Test(arguments: ["1", "2", "3.1", "3.2", "3.3", "3.8", "4"])
  func n28EveryExtensionStandsOnce(suffix: String) throws {
    let oid = "1.3.6.1.4.1.3704.1." + suffix
    let absent = with(guest) { $0.editVEK = { $0.extensions.removeAll { $0.oid == oid } } }
    #expect(try absent.refusalCode() == .extensionInvalid)
    let twice = with(guest) { $0.editVEK = { $0.extensions += $0.extensions.filter { $0.oid == oid } } }
    #expect(try twice.refusalCode() == .extensionInvalid)
  }

  @Test func n28IntegersHaveTheirOneForm() throws {
    let wrong: [[UInt8]] = [
      [], [0x02], [0x02, 0], [0x02, 1], [0x02, 1, 0xDB], [0x02, 2, 0, 0x7F], [0x02, 2, 1, 0], [0x02, 2, 0xFF, 0xDB],
      [0x02, 2, 0, 0xDB, 0], [0x02, 0x81, 1, 4], [0x04, 1, 4], [0x0A, 1, 4], [4],
    ]
    for value in wrong {
      let guest = with(guest) {
        $0.editVEK = { $0.replace(SimulatedExtension(VEKExtension.microcode, value)) }
      }
      #expect(try guest.refusalCode() == .extensionInvalid, "\(value)")
    }
  }

  @Test func n28TheHardwareIDIsNotWrapped() throws {
    for value in [[0x04, 64] + guest.chipID, Array(guest.chipID.dropLast()), guest.chipID + [0], []] {
      let wrong = with(guest) { $0.editVEK = { $0.replace(SimulatedExtension(VEKExtension.hardwareID, value)) } }
      #expect(try wrong.refusalCode() == .extensionInvalid)
    }
  }

  @Test func n28TheProductIsTheWholeName() throws {
    for name in ["Milano", "Mila", "milan", "MILAN", "Milan\u{0}", ""] {
      let wrong = with(guest) { $0.editVEK = { $0.replace(.text(VEKExtension.product, name)) } }
      let code = try wrong.refusalCode()
      #expect(code == .productMismatch || code == .extensionInvalid, "\(name)")
    }
  }

  @Test func n28TextsHaveTheirOneForm() throws {
    let name = Array("Milan-B0".utf8)
    let wrong: [[UInt8]] = [
      [], [0x16], [0x16, 0], [0x16, 7] + name, [0x16, 9] + name, [0x0C, 8] + name, [0x16, 0x81, 8] + name, name,
      [0x16, 9] + name + [0x80], [0x16, 9] + name + [0x0A],
    ]
    for value in wrong {
      let guest = with(guest) { $0.editVEK = { $0.replace(SimulatedExtension(VEKExtension.product, value)) } }
      #expect(try guest.refusalCode() == .extensionInvalid, "\(value)")
    }
  }

  @Test func n28ExtensionsOfTheOtherKindDoNotBelong() throws {
    let cloud = with(guest) { $0.editVEK = { $0.extensions.append(.text(VEKExtension.cspID, "CN=x")) } }
    #expect(try cloud.refusalCode() == .extensionInvalid)
    let chip = with(guest) {
      $0.useVLEK()
      $0.editVEK = { $0.extensions.append(SimulatedExtension(VEKExtension.hardwareID, SimulatedSNP().chipID)) }
    }
    #expect(try chip.refusalCode() == .extensionInvalid)
    let fmc = with(guest) { $0.editVEK = { $0.extensions.append(.integer(VEKExtension.fmc, 0)) } }
    #expect(try fmc.refusalCode() == .extensionInvalid)
    let nameless = with(guest) {
      $0.useVLEK()
      $0.editVEK = { $0.extensions.removeAll { $0.oid == VEKExtension.cspID } }
    }
    #expect(try nameless.refusalCode() == .extensionInvalid)
  }

  @Test func n29IssuersAreRSA4096() throws {
    let small = SimulatedKeys.rsa2048
    let wrong = with(guest) { $0.editVEK = { $0.issuerKey = small } }
    let ask = with(guest.authority.askTemplate) { $0.subjectPublicKeyInfo = $0.subjectKey(of: small) }.der
    #expect(try wrong.refusalCode(certificates: wrong.carrying(ask: ask)) == .chainInvalid)
  }

  @Test func n30TheIntermediateIsTheProducts() throws {
    let genoa = SimulatedSNPAuthority(.genoa)
    // Issued by another product's intermediate.
    let crossed = with(guest) { $0.editVEK = { $0.issuer = genoa.askName } }
    #expect(try crossed.refusalCode(certificates: crossed.carrying(ask: genoa.ask)) == .productMismatch)
    // The right name below another product's root.
    let below = with(guest.authority.askTemplate) { $0.issuer = genoa.arkName }.der
    #expect(try guest.refusalCode(certificates: guest.carrying(ask: below)) == .chainUntrusted)
    // The right name, signed by the chip's own key holder.
    let forged = with(guest.authority.askTemplate) { $0.issuerKey = guest.authority.keys.asvk }.der
    #expect(try guest.refusalCode(certificates: guest.carrying(ask: forged)) == .chainSignatureInvalid)
    // Not an authority.
    let plain = with(guest.authority.askTemplate) { $0.isAuthority = false }.der
    #expect(try guest.refusalCode(certificates: guest.carrying(ask: plain)) == .chainUntrusted)
  }

  @Test func n30ARootIsNoIntermediate() throws {
    let direct = with(guest) {
      $0.editVEK = { template in
        template.issuerKey = SimulatedKeys.shared.root
      }
    }
    // The root's key under the intermediate's name, self-issued.
    let root = with(guest.authority.arkTemplate) {
      $0.subject = guest.authority.askName
      $0.issuer = guest.authority.askName
    }.der
    #expect(try direct.refusalCode(certificates: direct.carrying(ask: root)) == .chainUntrusted)
  }

  @Test func n32AnExpiredVLEKIsStale() throws {
    let vlek = with(guest) {
      $0.useVLEK()
      $0.editVEK = { $0.notAfter = now.adding(.seconds(-1)) }
    }
    #expect(try vlek.refusalCode() == .certificateExpired)
    #expect(Refusal.Code.certificateExpired.kind == .stale)
  }

  @Test func n33PoliciesOutsideTheStrictRule() throws {
    let cases: [(UInt64, [Refusal.Code])] = [
      (1 << 17 | 1 << 19, [.debugEnabled]), (1 << 17 | 1 << 18, [.migrationAllowed]), (0, [.policyReservedBit]),
      (1 << 17 | 1 << 26, [.policyUnknownBits]), (1 << 17 | 1 << 63, [.policyUnknownBits]),
      (1 << 17 | 0x0200, [.abiVersionUnmet]), (1 << 17 | 0x0138, [.abiVersionUnmet]), (1 << 17 | 0x0137, []),
      (0x3FF_0000 & ~(1 << 18 | 1 << 19), []),
      (1 << 18 | 1 << 19, [.debugEnabled, .migrationAllowed, .policyReservedBit]),
    ]
    for (policy, codes) in cases {
      let refusals = strictRefusals(try with(guest) { $0.policy = policy }.verified().get())
      #expect(refusals.map(\.code) == codes, "\(policy)")
      #expect(refusals.allSatisfy { $0.genuine })
    }
  }

  @Test func n33AReportThatTheHostAskedForIsRefused() throws {
    for vmpl: UInt32 in [4, .max] {
      let refusal = try #require(try with(guest) { $0.vmpl = vmpl }.verified().refusal)
      #expect(refusal.code == .requestedByHost)
      #expect(refusal.genuine)
    }
  }

  @Test func n34PlatformBitsThatNobodyKnows() throws {
    for bit: UInt64 in 0..<64 {
      let codes = try with(guest) { $0.platformInfo = 1 << bit }.strictCodes()
      #expect(codes == (bit < 8 ? [] : [.platformUnknownBits]), "bit \(bit)")
    }
  }

  @Test func n35ReportedCommittedAndCurrentAreInOrder() throws {
    for index in 0..<4 {
      let low = guest.reportedTCB.changing(index, by: index == 1 ? 0 : 255)
      let high = guest.reportedTCB.changing(index, by: 1)
      #expect(
        try with(guest) {
          $0.committedTCB = high; $0.currentTCB = high
        }.refusalCode() == nil)
      #expect(try with(guest) { $0.committedTCB = high }.refusalCode() == .tcbOrder)
      guard low != guest.reportedTCB else { continue }
      #expect(try with(guest) { $0.committedTCB = low }.refusalCode() == .tcbOrder)
      // What was current at launch may be older than what is reported now.
      #expect(try with(guest) { $0.launchTCB = low }.refusalCode() == nil)
    }
  }

  @Test func n38AnOldNonceIsRefused() throws {
    let old = try guest.evidence(reportData: [UInt8](repeating: 3, count: 64))
    let result = verify(
      .snp(old), with: .none, binding: Binding(reportData: sessionData), anchors: simulatedAnchors, at: now)
    #expect(result.refusal?.code == .reportDataMismatch)
  }

  @Test func hostDataIsComparedWhenInitDataWasSent() throws {
    let digest = [UInt8](0..<32)
    let bound = with(guest) { $0.hostData = digest }
    #expect(try bound.verified(binding: Binding(reportData: sessionData, hostData: digest)).refusal == nil)
    for wrong in [with(digest) { $0[31] ^= 1 }, Array(digest.dropLast()), digest + [0]] {
      let binding = Binding(reportData: sessionData, hostData: wrong)
      #expect(try bound.verified(binding: binding).refusal?.code == .hostDataMismatch)
    }
  }

  @Test func missingCollateralIsNoPass() throws {
    let without: (CarriedCertificate.Kind) -> [CarriedCertificate] = { kind in
      guest.certificates.filter { $0.kind != kind }
    }
    #expect(try guest.refusalCode(certificates: []) == .collateralMissing)
    #expect(try guest.refusalCode(certificates: without(.vcek)) == .collateralMissing)
    #expect(try guest.refusalCode(certificates: without(.ask)) == .collateralMissing)
    // The root is ours; nobody needs to send it.
    #expect(try guest.refusalCode(certificates: without(.ark)) == nil)
  }

  @Test func aBrokenCertificateInTheEvidenceIsRefused() throws {
    let broken = guest.certificates.map {
      CarriedCertificate(kind: $0.kind, der: $0.kind == .vcek ? [0x30, 0] : $0.der)
    }
    #expect(try guest.refusalCode(certificates: broken) == .certificateMalformed)
    // Nobody looks at a root that came along.
    let rootless = guest.certificates.map {
      CarriedCertificate(kind: $0.kind, der: $0.kind == .ark ? [0x30, 0] : $0.der)
    }
    #expect(try guest.refusalCode(certificates: rootless) == nil)
  }
}

extension SimulatedCertificate {
  func subjectKey(of pkcs8: [UInt8]) -> [UInt8] { SimulatedKeys.publicKey(of: pkcs8) }
}
