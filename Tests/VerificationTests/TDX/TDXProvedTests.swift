import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// What was proved once is not proved again, and serves nothing but what it was proved for.
@Suite struct TDXProvedTests {
  private let sample = SimulatedTDX.sample

  /// One quote, its collateral and what is proved of both: certificates and signatures are made anew each time they are
  /// asked for.
  private struct Known {
    let quote: TDXQuote
    let cold: Endorsements
    var hot: Endorsements

    init(_ guest: SimulatedTDX) throws {
      quote = try TDXQuote(guest.quote(reportData: sessionData))
      cold = guest.endorsements()
      hot = cold.proving(anchors: simulatedAnchors, at: now)
      if let platform { hot = hot.adding(platform) }
    }

    var platform: ProvedPlatform? { provePlatform(of: quote, with: cold, anchors: simulatedAnchors, at: now) }

    func verified(
      _ endorsements: Endorsements, anchors: Anchors = simulatedAnchors, at time: Timestamp = now
    ) -> Result<Claims, Refusal> {
      verify(
        .tdx(TDXEvidence(quote: quote)), with: endorsements, binding: Binding(reportData: sessionData),
        anchors: anchors, at: time)
    }
  }

  @Test func provedEndorsementsGiveTheSameClaims() throws {
    let known = try Known(sample)
    #expect(known.hot.proved.documents.count == 2)
    #expect(known.hot.proved.platforms.count == 1)
    let claims = try known.verified(known.cold).get()
    #expect(try known.verified(known.cold.proving(anchors: simulatedAnchors, at: now)).get() == claims)
    #expect(try known.verified(known.hot).get() == claims)
  }

  @Test func proofsEndWithTheirDates() throws {
    let known = try Known(sample)
    let end = issued.adding(.seconds(30 * 86_400))
    #expect(known.verified(known.hot, at: end.adding(.seconds(-1))).refusal == nil)
    #expect(known.verified(known.hot, at: end).refusal?.code.kind == .stale)
    #expect(known.verified(known.hot, at: issued.adding(.seconds(-1))).refusal != nil)
  }

  @Test func eachPartOfAProofEndsWithItsOwnDates() throws {
    let soon = now.adding(.seconds(10))
    let cases: [(String, (inout SimulatedTDX) -> Void)] = [
      ("certificateExpired pck", { $0.editPCK = { $0.notAfter = soon } }),
      ("revocationListExpired pckCRL", { $0.collateral.pckLists[0].nextUpdate = soon }),
      ("revocationListExpired rootCRL", { $0.collateral.rootList.nextUpdate = soon }),
      ("certificateExpired tcbSigning", { $0.collateral.signer.notAfter = soon }),
      ("collateralExpired tcbInfo", { $0.collateral.tcbInfo.nextUpdate = soon }),
      ("collateralExpired enclaveIdentity", { $0.collateral.qeIdentity.nextUpdate = soon }),
    ]
    for (expected, change) in cases {
      let known = try Known(guest(change))
      #expect(known.verified(known.hot, at: soon.adding(.seconds(-1))).refusal == nil, "\(expected)")
      let refusal = known.verified(known.hot, at: soon).refusal.map { "\($0.code.rawValue) \($0.field ?? "")" }
      #expect(refusal == expected)
    }
  }

  @Test func aProofUnderAnAnchorThatIsNotTrustedServesNothing() throws {
    let known = try Known(sample)
    #expect(known.verified(known.hot, anchors: .builtIn).refusal?.code == .chainUntrusted)
    // Nor beside documents that another root vouches for.
    let others = SimulatedTDX(issuedAt: issued, keys: .generate())
    let anchor = Anchor(
      tee: .tdx, product: "Intel",
      trust: TrustAnchor(
        name: "another", subject: SimulatedIntel.rootName.der,
        subjectPublicKeyInfo: SimulatedKeys.publicKey(of: others.intel.keys.root)), isSimulated: true)
    #expect(known.verified(known.hot, anchors: Anchors(all: [anchor])).refusal?.code == .chainUntrusted)
  }

  @Test func aPlatformProvedWithOtherListsIsNotTaken() throws {
    let known = try Known(sample)
    let platform = try #require(known.platform)
    let revoking = guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }.endorsements()
    #expect(revoking.adding(platform).proved.platforms.isEmpty)
    #expect(known.verified(revoking.adding(platform)).refusal?.code == .certificateRevoked)
  }

  @Test func aListThatJoinsLaterIsNotPassedOver() throws {
    let known = try Known(sample)
    #expect(known.hot.joining(.none).proved.platforms.count == 1)
    let revoking = guest {
      $0.collateral.pckLists[0].revokedSerials = [0x1001]
      $0.collateral.pckLists[0].thisUpdate = now.adding(.seconds(-1))
    }.endorsements()
    let lists = Endorsements(revocationLists: revoking.revocationLists)
    #expect(known.hot.joining(lists).proved.platforms.isEmpty)
    #expect(known.verified(known.hot.joining(lists)).refusal?.code == .certificateRevoked)
  }

  @Test func whatCannotBeProvedIsNotRemembered() throws {
    let forged = guest { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(forged.endorsements().proving(anchors: simulatedAnchors, at: now).proved.documents.count == 1)
    #expect(try Known(guest { $0.collateral.pckLists[0].revokedSerials = [0x1001] }).platform == nil)
    #expect(try Known(guest { $0.editPCK = { $0.notAfter = now } }).platform == nil)
  }

  @Test func aProvedPlatformStillSignsItsOwnQuotes() throws {
    let known = try Known(guest { $0.qeSigningKey = SimulatedIntelKeys.stranger })
    #expect(known.hot.proved.platforms.count == 1)
    #expect(known.verified(known.hot).refusal?.code == .enclaveSignatureInvalid)
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
