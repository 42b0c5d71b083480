import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// A report key that was proved once is not proved again, and serves nothing but what it was proved for.
@Suite struct SNPProvedTests {
  private let guest = SimulatedSNP(.milan)
  /// Made once: signing makes other bytes each time.
  private let certificates: [CarriedCertificate]
  private let yesterday = now.adding(.seconds(-86_400))

  init() { certificates = guest.certificates }

  private func code(
    _ other: SimulatedSNP? = nil, with endorsements: Endorsements, anchors: Anchors = simulatedAnchors,
    at time: Timestamp = now
  ) throws -> Refusal.Code? {
    try (other ?? guest).refusalCode(certificates: certificates, with: endorsements, anchors: anchors, at: time)
  }

  private func claims(with endorsements: Endorsements, certificates: [CarriedCertificate]? = nil) throws -> Claims {
    try guest.verified(certificates: certificates ?? self.certificates, with: endorsements).get()
  }

  /// Key and issuer in a bag, none in the evidence.
  private var bag: [Certificate] {
    get throws { try certificates.filter { $0.kind != .ark }.map { try Certificate(der: $0.der) } }
  }

  private func lists(revoking serials: [UInt64] = [], days: Int64 = 30) throws -> Endorsements {
    var template = guest.authority.revocationListTemplate(thisUpdate: yesterday, revoking: serials)
    template.nextUpdate = yesterday.adding(.seconds(days * 86_400))
    return Endorsements(revocationLists: [try CertificateRevocationList(der: template.der)])
  }

  private func proof(
    _ guest: SimulatedSNP, with endorsements: Endorsements, certificates: [CarriedCertificate]? = nil
  ) throws -> ProvedPlatform? {
    let evidence = try guest.evidence(reportData: sessionData, certificates: certificates ?? self.certificates)
    return provePlatform(of: .snp(evidence), with: endorsements, anchors: simulatedAnchors, at: now)
  }

  private func hot(
    _ endorsements: Endorsements, certificates: [CarriedCertificate]? = nil
  ) throws -> Endorsements {
    endorsements.adding(try #require(try proof(guest, with: endorsements, certificates: certificates)))
  }

  @Test func aProvedKeyGivesTheSameClaims() throws {
    let cold = try lists()
    #expect(try claims(with: hot(cold)) == claims(with: cold))
    #expect(try claims(with: hot(.none)) == claims(with: .none))
    let cache = Endorsements(certificates: try bag, revocationLists: cold.revocationLists)
    #expect(try claims(with: hot(cache, certificates: []), certificates: []) == claims(with: cache, certificates: []))
  }

  @Test func theProofIsUsedWhileItsCertificatesAreAtHand() throws {
    func known(_ endorsements: Endorsements, _ certificates: [CarriedCertificate]) throws -> ProvedVEK? {
      var examination = SNPExamination(
        try guest.evidence(reportData: sessionData, certificates: certificates), endorsements,
        reportData: sessionData, hostData: nil, anchors: simulatedAnchors, now: now, floors: .none)
      _ = examination.verdict()
      return examination.known
    }
    #expect(try known(hot(.none), certificates) != nil)
    let cache = try hot(Endorsements(certificates: try bag), certificates: [])
    #expect(try known(cache, []) != nil)
    #expect(try known(cache, certificates) == nil, "another choice")
    let proved = try #require(try proof(guest, with: Endorsements(certificates: try bag), certificates: []))
    #expect(try known(Endorsements.none.adding(proved), []) == nil)
    #expect(try guest.refusalCode(certificates: [], with: Endorsements.none.adding(proved)) == .collateralMissing)
  }

  @Test func aProofEndsWithItsDates() throws {
    let endorsements = try hot(lists(days: 3))
    let end = yesterday.adding(.seconds(3 * 86_400))
    #expect(try code(with: endorsements, at: end.adding(.seconds(-1))) == nil)
    #expect(try code(with: endorsements, at: end) == .revocationListExpired)
    #expect(try code(with: endorsements, at: yesterday.adding(.seconds(-1))) == .revocationListNotYetValid)
    let late = Timestamp(seconds: 4_000_000_000)
    #expect(try code(with: hot(.none), at: late) == .certificateExpired)
  }

  @Test func aProofServesNoOtherBytes() throws {
    let endorsements = try hot(lists())
    let known = try #require(try proof(guest, with: .none)).digest
    let changes: [(inout SimulatedSNP) -> Void] = [
      { $0.chipID[0] ^= 1 }, { $0.setTCB($0.reportedTCB.changing(3, by: 1)) }, { $0.useVLEK() },
      { $0.cpu = CPUIdentity(family: 0x19, model: 0x11, stepping: 0x01) }, { $0.keyInfo = 1 },
    ]
    for change in changes {
      let other = with(guest, change)
      #expect(
        ProvedPlatform.digest(of: .snp(try other.evidence(reportData: sessionData, certificates: certificates)))
          != known)
      #expect(try code(other, with: endorsements) == code(other, with: lists()))
    }
    #expect(try code(with(guest) { $0.patches = [0x90: [1]] }, with: endorsements) == .signatureInvalid)
    let forged = with(guest) { $0.editVEK = { $0.subjectPublicKeyInfo = $0.subjectKey(of: SimulatedKeys.shared.vlek) } }
    #expect(try forged.refusalCode(with: endorsements) == .signatureInvalid)
  }

  @Test func aProofUnderAnAnchorThatIsNotTrustedServesNothing() throws {
    #expect(try code(with: hot(lists()), anchors: .builtIn) == .chainUntrusted)
  }

  @Test func whatIsRevokedSinceIsProvedAgain() throws {
    let known = try #require(try proof(guest, with: .none))
    let revoking = try lists(revoking: [guest.authority.askTemplate.serial])
    #expect(try code(with: revoking.adding(known)) == .certificateRevoked)
    let old = try lists()
    let both = Endorsements(revocationLists: old.revocationLists + revoking.revocationLists)
    let proved = try #require(try proof(guest, with: old))
    #expect(try code(with: both.adding(proved)) == .certificateRevoked)
    let carried = certificates + [CarriedCertificate(kind: .crl, der: revoking.revocationLists[0].der)]
    #expect(try guest.refusalCode(certificates: carried, with: hot(.none)) == .certificateRevoked)
  }

  /// What was seen since, and is not at hand: the proof holds what it was made with, and that is too old now.
  @Test func aNewerListThatWasSeenEndsTheProof() throws {
    let endorsements = try hot(lists())
    func code(seen days: Int64) throws -> Refusal.Code? {
      let evidence = try guest.evidence(reportData: sessionData, certificates: certificates)
      let list = try lists().revocationLists[0]
      let anchor = try #require(simulatedAnchors.named(list.issuer.der, tee: .snp, product: "Milan").first)
      let mark = try #require(
        CollateralMark(CollateralArtefact.revocationList(list).subject, anchor: anchor.fingerprint))
      let age = CollateralAge.revocationList(
        number: list.number ?? [], issued: list.thisUpdate.adding(.seconds(days * 86_400)))
      return verify(
        .snp(evidence), with: endorsements, binding: Binding(reportData: sessionData), anchors: simulatedAnchors,
        at: now, floors: EvaluationFloors(newest: [mark: age])
      ).refusal?.code
    }
    #expect(try code(seen: 0) == nil)
    #expect(try code(seen: 1) == .revocationListRolledBack)
  }

  @Test func aListThatIsGoneEndsTheProof() throws {
    let known = try #require(try proof(guest, with: lists()))
    #expect(Endorsements.none.adding(known).proved.platforms.isEmpty)
  }

  @Test func whatCannotBeProvedIsNotRemembered() throws {
    let revoking = try lists(revoking: [guest.authority.askTemplate.serial])
    #expect(try proof(guest, with: revoking) == nil)
    let expired = with(guest) { $0.editVEK = { $0.notAfter = yesterday } }
    #expect(try proof(expired, with: .none, certificates: expired.certificates) == nil)
    let others = with(guest) { $0.keyInfo = 4 }
    #expect(try proof(others, with: .none) == nil)
    let carried = certificates + [CarriedCertificate(kind: .crl, der: try lists().revocationLists[0].der)]
    #expect(try proof(guest, with: .none, certificates: carried) == nil)
  }

  /// Two certificates fit; only the signature tells whose is the report.
  @Test func aChoiceThatTheSignatureMakesIsNotRemembered() throws {
    let other = with(guest) { $0.editVEK = { $0.subjectPublicKeyInfo = $0.subjectKey(of: SimulatedKeys.shared.vlek) } }
    let bag = Endorsements(certificates: [try Certificate(der: other.vek)])
    #expect(try proof(guest, with: bag) == nil)
    #expect(try code(with: bag) == nil)
  }
}
