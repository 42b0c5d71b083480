import Bytes
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// What was proved once is not proved again, and serves nothing but what it was proved for.
@Suite struct TDXProvedTests {
  private let sample = SimulatedTDX.sample

  private func platform(_ guest: SimulatedTDX, _ endorsements: Endorsements) throws -> ProvedPlatform {
    let quote = try TDXQuote(guest.quote(reportData: sessionData))
    return try #require(provePlatform(of: quote, with: endorsements, anchors: simulatedAnchors, at: now))
  }

  @Test func provedEndorsementsGiveTheSameClaims() throws {
    let quote = try TDXQuote(sample.quote(reportData: sessionData))
    let cold = sample.endorsements()
    let warm = cold.proving(anchors: simulatedAnchors, at: now)
    let proof = try #require(provePlatform(of: quote, with: warm, anchors: simulatedAnchors, at: now))
    let hot = warm.adding(proof)
    #expect(warm.proved.documents.count == 2)
    #expect(hot.proved.platforms.count == 1)
    func claims(_ endorsements: Endorsements) throws -> Claims {
      try verify(
        .tdx(TDXEvidence(quote: quote)), with: endorsements, binding: Binding(reportData: sessionData),
        anchors: simulatedAnchors, at: now
      ).get()
    }
    #expect(try claims(warm) == claims(cold))
    #expect(try claims(hot) == claims(cold))
  }

  @Test func proofsEndWithTheirDates() throws {
    let hot = sample.endorsements().proving(anchors: simulatedAnchors, at: now).adding(
      try platform(sample, sample.endorsements()))
    let end = issued.adding(.seconds(30 * 86_400))
    #expect(try sample.refusalCode(with: hot, at: end.adding(.seconds(-1))) == nil)
    #expect(try sample.refusalCode(with: hot, at: end)?.kind == .stale)
    #expect(try sample.refusalCode(with: hot, at: issued.adding(.seconds(-1))) != nil)
  }

  @Test func aProofUnderAnAnchorThatIsNotTrustedServesNothing() throws {
    let hot = sample.endorsements().proving(anchors: simulatedAnchors, at: now).adding(
      try platform(sample, sample.endorsements()))
    #expect(try sample.refusalCode(with: hot, anchors: .builtIn) == .chainUntrusted)
  }

  @Test func aPlatformProvedWithOtherListsIsNotTaken() throws {
    let known = try platform(sample, sample.endorsements())
    let revoking = guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }
    let endorsements = revoking.endorsements().adding(known)
    #expect(endorsements.proved.platforms.isEmpty)
    #expect(try revoking.refusalCode(with: endorsements) == .certificateRevoked)
  }

  @Test func whatCannotBeProvedIsNotRemembered() throws {
    let forged = guest { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(forged.endorsements().proving(anchors: simulatedAnchors, at: now).proved.documents.count == 1)
    let revoked = guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }
    let quote = try TDXQuote(revoked.quote(reportData: sessionData))
    #expect(provePlatform(of: quote, with: revoked.endorsements(), anchors: simulatedAnchors, at: now) == nil)
  }

  @Test func aProvedPlatformStillSignsItsOwnQuotes() throws {
    let hot = sample.endorsements().adding(try platform(sample, sample.endorsements()))
    let stranger = guest { $0.qeSigningKey = SimulatedIntelKeys.stranger }
    #expect(try stranger.refusalCode(with: hot) == .enclaveSignatureInvalid)
  }

  /// Real collateral cannot speak for a simulated platform, nor the other way round.
  @Test func documentsAreOfThePlatformsOwnRoot() throws {
    let others = SimulatedTDX(issuedAt: issued, keys: .generate())
    let keys = SimulatedKeys.generate(intel: others.intel.keys)
    let anchors = simulatedAnchors.adding(try Anchors.parseFile(CanonicalJSON.encode(keys.anchorsFile)))
    #expect(try others.refusalCode(anchors: anchors) == nil)
    let mixed = sample.endorsements {
      $0.removeAll { $0.name == "tcb-info.json" }
      $0 += others.collateral.files.filter { ["tcb-info.json", "tcb-signing.der", "root-crl.der"].contains($0.name) }
    }
    #expect(try sample.refusalCode(with: mixed, anchors: anchors) == .chainUntrusted)
  }
}
