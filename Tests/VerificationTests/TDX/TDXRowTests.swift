import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// The table of checks, row by row, on quotes and collateral of the simulator: what leads from the quote to Intel's root.
/// Rows T1 to T3 are the parser's (`TDXQuoteTests`), T5 the anchors' (`AnchorTests`); documents, levels and what the TD is
/// have suites of their own (`TDXDocumentRowTests`, `TDXLevelRowTests`, `TDXGuestRowTests`).
@Suite struct TDXRowTests {
  private let sample = SimulatedTDX.sample

  @Test func aSoundQuoteIsVerified() throws {
    #expect(try sample.refusal() == nil)
    #expect(try sample.strictCodes().isEmpty)
    let claims = try sample.verified().get()
    #expect(claims.simulated && claims.tee == .tdx)
    #expect(claims.json["tcbStatus"] == "UpToDate")
    #expect(claims.json["mrTD"]?.stringValue == Hex.encode(sample.mrTD))
    #expect(claims.json["ppid"]?.stringValue == Hex.encode(sample.platform.ppid))
    #expect(claims.tdx?.validUntil == issued.adding(.seconds(30 * 86_400)))
    #expect(claims.tdx?.revocationCheckedAt == issued)
  }

  @Test func t2Version5WithBodyType3() throws {
    let newer = guest { $0.useVersion5() }
    #expect(try newer.refusal() == nil)
    #expect(try newer.tdxClaims().report.type == 3)
  }

  @Test func t4TheQuotingEnclaveIsIntels() throws {
    for offset in 12..<28 {
      let other = guest { $0.qeVendorID[offset - 12] ^= 1 }
      #expect(try other.refusal() == "quotingEnclaveUnknown quote.vendorID")
    }
  }

  @Test func t5ARootOfTheSameNameAndAnotherKeyIsNotTheRoot() throws {
    let others = SimulatedTDX(issuedAt: issued, keys: .generate())
    #expect(try others.refusal() == "chainUntrusted root")
    // Beside the root that is meant, which did not sign its issuer.
    let disguised = with(others) { $0.editChain = { $0[2] = SimulatedIntel().root } }
    #expect(try disguised.refusal() == "chainSignatureInvalid pckIssuer")
    #expect(try sample.refusalCode(anchors: .builtIn) == .chainUntrusted)
  }

  @Test func t6PlatformsOfTheProcessorCAAreAccepted() throws {
    let registered = guest { $0.platform.authority = .processor }
    #expect(try registered.refusal() == nil)
    #expect(try registered.tdxClaims().platform.instanceID == nil)
  }

  @Test func t7BothRevocationListsAreMandatory() throws {
    for name in ["root-crl.der", "pck-crl-platform.der"] {
      let without = sample.endorsements { $0.removeAll { $0.name == name } }
      let refusal = try #require(try sample.verified(with: without).refusal)
      #expect(refusal.code == .collateralMissing, "\(name)")
      #expect(refusal.field == (name.hasPrefix("root") ? "pckIssuer" : "pck"))
    }
    #expect(
      try sample.refusalCode(with: sample.endorsements { $0.removeAll { $0.name == "pck-crl-processor.der" } }) == nil)
  }

  @Test func t8AndT9EveryDateHasTwoEnds() throws {
    typealias Change = (inout SimulatedTDX, Timestamp, Timestamp) -> Void
    let items: [(String, Change, early: Refusal.Code, late: Refusal.Code)] = [
      (
        "tcbInfo", { ($0.collateral.tcbInfo.issueDate, $0.collateral.tcbInfo.nextUpdate) = ($1, $2) },
        .collateralNotYetValid, .collateralExpired
      ),
      (
        "enclaveIdentity", { ($0.collateral.qeIdentity.issueDate, $0.collateral.qeIdentity.nextUpdate) = ($1, $2) },
        .collateralNotYetValid, .collateralExpired
      ),
      (
        "rootCRL", { ($0.collateral.rootList.thisUpdate, $0.collateral.rootList.nextUpdate) = ($1, $2) },
        .revocationListNotYetValid, .revocationListExpired
      ),
      (
        "pckCRL", { ($0.collateral.pckLists[0].thisUpdate, $0.collateral.pckLists[0].nextUpdate) = ($1, $2) },
        .revocationListNotYetValid, .revocationListExpired
      ),
      (
        "tcbSigning", { ($0.collateral.signer.notBefore, $0.collateral.signer.notAfter) = ($1, $2) },
        .certificateNotYetValid, .certificateExpired
      ),
      (
        "pck", { guest, from, until in guest.editPCK = { ($0.notBefore, $0.notAfter) = (from, until) } },
        .certificateNotYetValid, .certificateExpired
      ),
    ]
    let (hour, second) = (Duration.seconds(3600), Duration.seconds(1))
    for (name, change, early, late) in items {
      func refusal(_ from: Timestamp, _ until: Timestamp) throws -> String? {
        try guest { change(&$0, from, until) }.refusal()
      }
      #expect(try refusal(now, now.adding(second)) == nil, "\(name)")
      #expect(try refusal(now.adding(second), now.adding(hour)) == "\(early.rawValue) \(name)")
      #expect(try refusal(issued, now) == "\(late.rawValue) \(name)")
    }
  }

  @Test func t9ExpiredCollateralIsTerminal() throws {
    let inspection = try sample.inspection(at: now.adding(.seconds(31 * 86_400)))
    #expect(inspection.refusal?.code.kind == .stale)
    #expect(inspection.claims == nil)
  }

  @Test func t13TheFamilyOfPlatformsMatches() throws {
    #expect(try guest { $0.collateral.tcbInfo.fmspc[0] ^= 1 }.refusal() == "collateralMismatch fmspc")
    let lower = guest { $0.collateral.editTCBInfo = { $0.editText = { $0 = $0.lowercasedHex("fmspc") } } }
    #expect(try lower.refusal() == nil)
  }

  @Test func t14ThePCEMatches() throws {
    #expect(try guest { $0.collateral.tcbInfo.pceID = [0, 1] }.refusal() == "collateralMismatch pceID")
    #expect(try guest { $0.platform.pceID = [1, 0] }.refusal() == "collateralMismatch pceID")
  }

  @Test func t15TheEnclaveIsSignedByThePlatform() throws {
    let stranger = guest { $0.qeSigningKey = SimulatedIntelKeys.stranger }
    #expect(try stranger.refusal() == "enclaveSignatureInvalid enclave.signature")
  }

  @Test func t15TheEnclaveVouchesForTheKeyInAllItsBytes() throws {
    let sound = try TDXQuote(sample.quote(reportData: sessionData)).enclave.reportData
    for offset in [0, 31, 32, 63] {
      let other = guest { guest in guest.qeReport.reportData = with(sound) { $0[offset] ^= 1 } }
      #expect(try other.refusal() == "attestationKeyMismatch enclave.reportData", "\(offset)")
    }
    let other = guest { $0.bodySigningKey = SimulatedIntelKeys.stranger }
    #expect(try other.refusal() == "signatureInvalid quote.signature")
  }

  @Test func t16TheEnclaveIsTheOneThatIsDescribed() throws {
    let cases: [(String, (inout SimulatedTDX) -> Void)] = [
      ("miscSelect", { $0.qeReport.miscSelect[3] = 1 }), ("attributes", { $0.qeReport.attributes[0] = 0x13 }),
      ("attributes", { $0.qeReport.attributes[7] = 1 }), ("mrSigner", { $0.qeReport.mrSigner[31] ^= 1 }),
      ("isvProdID", { $0.qeReport.isvProdID = 1 }),
      (
        "attributes.debug",
        {
          $0.qeReport.attributes[0] = 0x17
          $0.collateral.qeIdentity.attributesMask[0] = 0xF9
        }
      ),
    ]
    for (field, change) in cases { #expect(try guest(change).refusal() == "enclaveMismatch enclave.\(field)") }
    #expect(try guest { $0.qeReport.attributes[8] = 0xFF }.refusal() == nil)
  }

  @Test func t16TheEnclavesLevelCounts() throws {
    let old = try guest { $0.qeReport.isvSVN = 3 }.tdxClaims()
    #expect(old.tcb.status == .outOfDate && old.tcb.enclave == .outOfDate && old.tcb.tdx == .upToDate)
    #expect(old.tcb.advisoryIDs == ["INTEL-SA-00837"])
    #expect(try guest { $0.qeReport.isvSVN = 1 }.tdxClaims().tcb.status == .notSupported)
    #expect(try guest { $0.qeReport.isvSVN = 4 }.tdxClaims().tcb.status == .upToDate)
  }
}

extension String {
  /// With the hexadecimal value of a member in small letters.
  fileprivate func lowercasedHex(_ member: String) -> String {
    guard let range = firstRange(of: "\"\(member)\":\""), let end = self[range.upperBound...].firstIndex(of: "\"")
    else {
      return self
    }
    return self[..<range.upperBound] + self[range.upperBound..<end].lowercased() + self[end...]
  }
}
