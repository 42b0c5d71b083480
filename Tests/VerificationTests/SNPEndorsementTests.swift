import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Which certificates are taken from a bag of many, and that a wrong choice never helps a forger.
@Suite struct SNPEndorsementTests {
  private let guest = SimulatedSNP(.milan)

  private func bag(_ ders: [UInt8]...) throws -> Endorsements {
    Endorsements(certificates: try ders.map { try Certificate(der: $0) })
  }

  private func other(_ change: (inout SimulatedSNP) -> Void) -> [UInt8] { with(guest, change).vek }

  @Test func theFittingCertificateIsFoundAmongOthers() throws {
    let others = [
      other { $0.chipID = [UInt8](repeating: 1, count: 64) }, other { $0.setTCB($0.reportedTCB.changing(3, by: 1)) },
      other { $0.useVLEK() }, SimulatedSNP(.genoa).vek, SimulatedSNP(.turin).vek,
    ]
    let authority = guest.authority
    for order in 0..<3 {
      let certificates = try (others + [guest.vek, authority.ask, authority.asvk, SimulatedSNPAuthority(.genoa).ask])
        .map { try Certificate(der: $0) }
      let rotated = Array(certificates[(order * 3)...] + certificates[..<(order * 3)])
      #expect(try guest.refusalCode(certificates: [], with: Endorsements(certificates: rotated)) == nil)
    }
  }

  @Test func certificatesOfOtherChipsAreMissingCollateral() throws {
    let bag = try bag(
      other { $0.chipID = [UInt8](repeating: 1, count: 64) }, other { $0.chipID = [UInt8](repeating: 2, count: 64) },
      guest.authority.ask)
    #expect(try guest.refusalCode(certificates: [], with: bag) == .collateralMissing)
  }

  @Test func theOnlyCertificateIsJudged() throws {
    let ask = guest.authority.ask
    let cases: [([UInt8], Refusal.Code)] = [
      (other { $0.chipID = [UInt8](repeating: 1, count: 64) }, .chipIDMismatch),
      (other { $0.setTCB($0.reportedTCB.changing(3, by: 1)) }, .tcbMismatch),
      (other { $0.useVLEK() }, .collateralMissing),
    ]
    for (vek, code) in cases {
      #expect(try guest.refusalCode(certificates: [], with: try bag(vek, ask)) == code)
    }
    let vlek = other { $0.useVLEK() }
    let asvk = guest.authority.asvk
    #expect(try guest.refusalCode(certificates: [], with: try bag(vlek, asvk)) == .signingKeyMismatch)
  }

  /// The forger's certificate fits in every field and comes first, in the evidence; the genuine one is in the cache.
  @Test func theSignatureDecidesBetweenCertificatesThatFit() throws {
    let forged = other { $0.editVEK = { $0.subjectPublicKeyInfo = $0.subjectKey(of: SimulatedKeys.shared.vlek) } }
    let carried = guest.certificates.map { CarriedCertificate(kind: $0.kind, der: $0.kind == .vcek ? forged : $0.der) }
    #expect(try guest.refusalCode(certificates: carried) == .signatureInvalid)
    #expect(try guest.refusalCode(certificates: carried, with: try bag(guest.vek)) == nil)
  }

  /// A certificate that the forger signed himself, over the key that he signs reports with.
  @Test func aSelfMadeCertificateIsNotEndorsed() throws {
    let own = with(guest) { $0.editVEK = { $0.issuerKey = SimulatedKeys.shared.asvk } }
    #expect(try own.refusalCode() == .chainSignatureInvalid)
    #expect(try own.refusalCode(with: try bag(guest.authority.ask)) == .chainSignatureInvalid)
  }

  @Test func aRenewedCertificateIsPreferred() throws {
    let old = other { $0.editVEK = { $0.notAfter = now.adding(.seconds(-1)) } }
    let bag = try bag(old, guest.vek, guest.authority.ask)
    #expect(try guest.refusalCode(certificates: [], with: bag) == nil)
  }

  @Test func anIntermediateOfTheSameNameCannotHideTheTrueOne() throws {
    let forged = with(guest.authority.askTemplate) {
      $0.subjectPublicKeyInfo = $0.subjectKey(of: SimulatedKeys.shared.asvk)
      $0.issuerKey = SimulatedKeys.shared.asvk
    }.der
    #expect(try guest.refusalCode(with: try bag(forged)) == nil)
  }

  @Test func theHostsNamesForCertificatesDecideNothing() throws {
    let renamed = guest.certificates.map { CarriedCertificate(kind: $0.kind == .vcek ? .vlek : $0.kind, der: $0.der) }
    #expect(try guest.refusalCode(certificates: renamed) == nil)
  }
}
