import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// Revocation lists of the root, from a cache and from the evidence.
@Suite struct SNPRevocationTests {
  private let guest = SimulatedSNP(.milan)
  private let vlekGuest = with(SimulatedSNP(.milan)) { $0.useVLEK() }
  private let yesterday = now.adding(.seconds(-86_400))

  private func list(
    revoking serials: [UInt64] = [], _ change: (inout SimulatedRevocationList) -> Void = { _ in }
  ) throws -> Endorsements {
    let template = guest.authority.revocationListTemplate(thisUpdate: yesterday, revoking: serials)
    return Endorsements(revocationLists: [try CertificateRevocationList(der: with(template, change).der)])
  }

  @Test func s7AndN31AListIsEnforcedForBothIntermediates() throws {
    let askSerial = guest.authority.askTemplate.serial
    let asvkSerial = guest.authority.asvkTemplate.serial
    #expect(try guest.refusalCode(with: try list(revoking: [askSerial])) == .certificateRevoked)
    #expect(try guest.refusalCode(with: try list(revoking: [asvkSerial])) == nil)
    #expect(try vlekGuest.refusalCode(with: try list(revoking: [asvkSerial])) == .certificateRevoked)
    #expect(try vlekGuest.refusalCode(with: try list(revoking: [askSerial])) == nil)
  }

  @Test func claimsSayWhetherRevocationWasChecked() throws {
    #expect(try guest.verified().get().snp?.revocation == .unavailable)
    let claims = try guest.verified(with: try list()).get()
    #expect(claims.snp?.revocation == .checked(thisUpdate: yesterday))
    #expect(claims.snp?.validUntil == yesterday.adding(.seconds(30 * 86_400)))
  }

  @Test func aListInTheEvidenceIsEnforced() throws {
    let revoking = try list(revoking: [guest.authority.askTemplate.serial]).revocationLists[0].der
    let carried = guest.certificates + [CarriedCertificate(kind: .crl, der: revoking)]
    #expect(try guest.refusalCode(certificates: carried) == .certificateRevoked)
    let broken = guest.certificates + [CarriedCertificate(kind: .crl, der: Array(revoking.dropLast()))]
    #expect(try guest.refusalCode(certificates: broken) == .revocationListInvalid)
  }

  @Test func aListIsOfItsTime() throws {
    let stale = try list { $0.nextUpdate = now.adding(.seconds(-1)) }
    #expect(try guest.refusalCode(with: stale) == .revocationListExpired)
    let early = try list {
      $0.thisUpdate = now.adding(.seconds(60))
      $0.nextUpdate = now.adding(.seconds(600))
    }
    #expect(try guest.refusalCode(with: early) == .revocationListNotYetValid)
  }

  @Test func aListIsSignedByTheRoot() throws {
    #expect(try guest.refusalCode(with: try list { $0.issuerKey = guest.authority.keys.ask }) == .revocationListInvalid)
    #expect(try guest.refusalCode(with: try list { $0.signature = .pkcs1SHA384 }) == .chainInvalid)
  }

  @Test func aListOfAnotherRootIsNotAsked() throws {
    let other = try list(revoking: [guest.authority.askTemplate.serial]) {
      $0.issuer = SimulatedSNPAuthority(.genoa).arkName
    }
    #expect(try guest.verified(with: other).get().snp?.revocation == .unavailable)
  }

  @Test func noListHidesWhatAnotherSays() throws {
    let revoking = try list(revoking: [guest.authority.askTemplate.serial]).revocationLists
    let younger = try list { $0.thisUpdate = now.adding(.seconds(-3600)) }.revocationLists
    for lists in [revoking + younger, younger + revoking] {
      #expect(try guest.refusalCode(with: Endorsements(revocationLists: lists)) == .certificateRevoked)
    }
  }

  @Test func aStaleListIsPassedOverForAYoungerOne() throws {
    let stale = try list { $0.nextUpdate = now.adding(.seconds(-1)) }.revocationLists
    let younger = try list { $0.thisUpdate = now.adding(.seconds(-3600)) }.revocationLists
    #expect(try guest.refusalCode(with: Endorsements(revocationLists: stale + younger)) == nil)
    let older = try list {
      $0.thisUpdate = now.adding(.seconds(-2 * 86_400))
    }.revocationLists
    #expect(try guest.refusalCode(with: Endorsements(revocationLists: stale + older)) == .revocationListExpired)
  }

  /// What a person sees of a certificate that ran out before the list was made.
  @Test func aListYoungerThanTheCertificateHidesNoOtherReason() throws {
    let old = with(guest) { $0.editVEK = { $0.notAfter = now.adding(.seconds(-2 * 86_400)) } }
    let evidence = UnverifiedEvidence.snp(try old.evidence(reportData: sessionData))
    func code(_ lists: Endorsements, _ skipping: Set<CheckName> = []) -> Refusal.Code? {
      inspect(evidence, with: lists, reportData: nil, anchors: simulatedAnchors, at: now, skipping: skipping).refusal?
        .code
    }
    #expect(code(try list()) == .certificateExpired)
    #expect(code(try list(), [.time]) == nil)
    let revoking = try list(revoking: [guest.authority.askTemplate.serial])
    #expect(code(revoking) == .certificateRevoked)
    #expect(code(revoking, [.time]) == .certificateRevoked)
    #expect(code(revoking, [.time, .revocation]) == nil)
  }
}
