import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import Testing

@testable import Verification

/// The table of checks, row by row, on quotes and collateral of the simulator. Rows T1 to T3 are the parser's
/// (`TDXQuoteTests`), T5 the anchors' (`AnchorTests`), T17 to T21 also `TCBEvaluationTests`.
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

  @Test func t10TheTCBInfoIsSignedAsReceived() throws {
    let forged = guest {
      $0.collateral.editTCBInfo = { $0.forgeText = { $0 = $0.replacing("\"svn\":8", with: "\"svn\":0") } }
    }
    #expect(try forged.refusal() == "collateralSignatureInvalid tcbInfo")
    let respaced = guest { $0.collateral.editTCBInfo = { $0.forgeText = { $0 = $0.replacing(",", with: ", ") } } }
    #expect(try respaced.refusal() == "collateralSignatureInvalid tcbInfo")
    // Signed with spaces in it, it is what was signed.
    let spaced = guest {
      $0.collateral.editTCBInfo = {
        $0.editText = { $0 = $0.replacing(",", with: " ,\n\t").replacing("}", with: " }") }
      }
    }
    #expect(try spaced.refusal() == nil)
    let stranger = guest { $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(try stranger.refusal() == "collateralSignatureInvalid tcbInfo")
  }

  @Test func t10MembersOutsideTheSignatureMeanNothing() throws {
    let smuggled = guest {
      $0.collateral.editTCBInfo = {
        $0.editDocument = { $0 = $0.replacing("{\"tcbInfo\"", with: "{\"fmspc\":\"000000000000\",\"tcbInfo\"") }
      }
    }
    #expect(try smuggled.refusal() == "collateralMalformed tcbInfo.sibling")
  }

  @Test func t11TheTCBInfoIsForTDXAndOfVersion3() throws {
    #expect(try guest { $0.collateral.tcbInfo.id = "SGX" }.refusal() == "collateralMismatch tcbInfo.id")
    for version in [2, 4] {
      let other = guest { $0.collateral.tcbInfo.version = version }
      #expect(try other.refusal() == "collateralMalformed tcbInfo.version")
    }
    #expect(try guest { $0.collateral.tcbInfo.tcbType = 1 }.refusal() == "collateralMalformed tcbInfo.tcbType")
  }

  @Test func t12TheIdentityIsSignedAndForTDs() throws {
    #expect(try guest { $0.collateral.qeIdentity.id = "QE" }.refusal() == "collateralMismatch enclaveIdentity.id")
    for version in [1, 3] {
      let other = guest { $0.collateral.qeIdentity.version = version }
      #expect(try other.refusal() == "collateralMalformed enclaveIdentity.version")
    }
    let forged = guest {
      $0.collateral.editQEIdentity = { $0.forgeText = { $0 = $0.replacing("\"isvsvn\":4", with: "\"isvsvn\":1") } }
    }
    #expect(try forged.refusal() == "collateralSignatureInvalid enclaveIdentity")
    let stranger = guest { $0.collateral.editQEIdentity = { $0.key = SimulatedIntelKeys.stranger } }
    #expect(try stranger.refusal() == "collateralSignatureInvalid enclaveIdentity")
  }

  @Test func t10AndT12TheSignerIsIntelsAndNoneOther() throws {
    // The Platform CA, which the root vouches for as well, signs documents.
    let byAuthority = guest {
      $0.collateral.editTCBInfo = { $0.key = SimulatedIntelKeys.shared.platformAuthority }
    }
    #expect(try byAuthority.refusal() == "collateralSignatureInvalid tcbInfo")
    let misnamed = guest { $0.collateral.signer.subject = .intel("Intel SGX PCK Certificate") }
    #expect(try misnamed.refusal() == "collateralMissing tcbInfo")
    let authority = guest { $0.collateral.signer.isAuthority = true }
    #expect(try authority.refusal() == "chainInvalid tcbSigning")
    let selfMade = guest { $0.collateral.signer.issuerKey = SimulatedIntelKeys.stranger }
    #expect(try selfMade.refusal() == "chainSignatureInvalid tcbSigning")
    let revoked = guest { $0.collateral.rootList.revokedSerials = [4] }
    #expect(try revoked.refusal() == "certificateRevoked tcbSigning")
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

  @Test func t17ThePlatformsOwnLevelCounts() throws {
    for index in [0, 7] {
      let old = try guest { $0.platform.components[index] -= 1 }.tdxClaims()
      #expect(old.tcb.status == .outOfDate && old.tcb.platform == .outOfDate && old.tcb.module == .upToDate)
    }
    #expect(try guest { $0.platform.pceSVN = 10 }.tdxClaims().tcb.status == .revoked)
    #expect(try guest { $0.platform.pceSVN = 4 }.tdxClaims().tcb.status == .notSupported)
  }

  @Test func t18ComponentsOfAModuleWithAnIdentityAreNotComparedTwice() throws {
    let claims = try guest { $0.collateral.tcbInfo.levels[0].tdx[0] = 9 }.tdxClaims()
    #expect(claims.tcb.status == .upToDate)
    #expect(try guest { $0.collateral.tcbInfo.levels[0].tdx[2] = 9 }.tdxClaims().tcb.status == .outOfDate)
  }

  @Test func t19TheModuleIsOneThatIsDescribed() throws {
    #expect(try guest { $0.teeTCBSVN[1] = 2 }.refusal() == "moduleMismatch teeTCBSVN")
    #expect(try guest { $0.collateral.tcbInfo.modules[1].id = "tdx_01" }.refusal() == nil)
    let signer = guest { $0.collateral.tcbInfo.modules[1].mrSigner[0] = 1 }
    #expect(try signer.refusal() == "moduleMismatch mrSignerSeam")
    // The entry that levels without an identity go by says nothing about this module.
    #expect(try guest { $0.collateral.tcbInfo.module.mrSigner[0] = 1 }.refusal() == nil)
    let old = try guest { $0.teeTCBSVN[0] = 5 }.tdxClaims()
    #expect(old.tcb.module == .outOfDate && old.tcb.status == .outOfDate)
    #expect(old.tcb.advisoryIDs == ["INTEL-SA-01036", "INTEL-SA-01099"])
    #expect(try guest { $0.teeTCBSVN[0] = 1 }.tdxClaims().tcb.status == .notSupported)
  }

  @Test func t20TheStatusIsConvergedAndNeverReplaced() throws {
    let old = try guest { $0.platform.components[0] = 7 }.tdxClaims()
    #expect(old.tcb.module == .upToDate && old.tcb.enclave == .upToDate)
    #expect(old.tcb.status == .outOfDate)
    let revoked = try guest { $0.collateral.tcbInfo.modules[1].levels[0].verdict.status = "Revoked" }.tdxClaims()
    #expect(revoked.tcb.tdx == .upToDate && revoked.tcb.status == .revoked)
  }

  @Test func t21ATDOlderThanItsPlatformOughtToBeLaunchedAgain() throws {
    let relaunch = guest {
      $0.useVersion5()
      $0.teeTCBSVN = [4, 1, 8] + [UInt8](repeating: 0, count: 13)
      $0.teeTCBSVN2 = [6, 1, 8] + [UInt8](repeating: 0, count: 13)
    }
    #expect(try relaunch.tdxClaims().tcb.status == .relaunchAdvised)
    #expect(try relaunch.strictCodes() == [.tcbNotUpToDate])
    #expect(
      try with(relaunch) { $0.teeTCBSVN2 = [4, 1, 8] + [UInt8](repeating: 0, count: 13) }.tdxClaims().tcb.status
        == .outOfDate)
    #expect(try with(relaunch) { $0.teeTCBSVN2?[1] = 7 }.refusal() == "moduleMismatch teeTCBSVN")
    let configured = with(relaunch) { $0.collateral.tcbInfo.levels[0].verdict.status = "ConfigurationNeeded" }
    #expect(try configured.tdxClaims().tcb.status == .relaunchAdvisedConfigurationNeeded)
  }

  @Test func t22AnOlderEvaluationThanIsKnownIsRefused() throws {
    let fmspc = sample.platform.fmspc
    for (floors, isAccepted) in [
      (EvaluationFloors(minimum: 19), true), (EvaluationFloors(minimum: 20), false),
      (EvaluationFloors(seen: [fmspc: 19]), true), (EvaluationFloors(seen: [fmspc: 20]), false),
      (EvaluationFloors(seen: [[0, 0, 0, 0, 0, 0]: 20]), true),
    ] {
      let code = try sample.verified(floors: floors).refusal?.code
      #expect(code == (isAccepted ? nil : .evaluationTooOld))
    }
  }

  @Test func t22TheNewestEvaluationAtHandIsTheOneThatCounts() throws {
    let newer = guest {
      $0.collateral.tcbInfo.evaluationDataNumber = 20
      $0.collateral.tcbInfo.levels[0].sgx[0] = 9
    }
    let both = Endorsements(recognising: sample.collateral.files.map(\.bytes) + [newer.collateral.tcbInfoDocument])
    #expect(try sample.verified(with: both).get().tdx?.tcb.status == .outOfDate)
    #expect(try sample.verified(with: both).get().tdx?.tcb.evaluationNumber == 20)
    let reversed = Endorsements(recognising: [newer.collateral.tcbInfoDocument] + sample.collateral.files.map(\.bytes))
    #expect(try sample.verified(with: reversed).get().tdx?.tcb.status == .outOfDate)
  }

  private func attributes(_ bits: UInt64...) throws -> [Refusal.Code] {
    try guest { guest in for bit in bits { guest.tdAttributes ^= 1 << bit } }.strictCodes()
  }

  @Test func t23NothingMayLookInside() throws {
    for bit: UInt64 in 0..<8 { #expect(try attributes(bit) == [.debugEnabled], "bit \(bit)") }
  }

  @Test func t24AccessToPagesTakenAwayEndsTheTD() throws {
    #expect(try attributes(28) == [.septVEEnabled])
  }

  @Test func t25ObservationMigrationAndUnknownBitsAreRefused() throws {
    #expect(try attributes(63) == [.performanceMonitored])
    #expect(try attributes(62) == [.partitioningAware])
    #expect(try attributes(29) == [.migrationAllowed])
    #expect(try attributes(17) == [.serviceTDBound])
    for bit: UInt64 in [8, 15, 18, 26, 32, 61] {
      #expect(try attributes(bit) == [.attributesUnknownBits], "bit \(bit)")
    }
    for bit: UInt64 in [16, 27, 30, 31] { #expect(try attributes(bit) == [], "bit \(bit)") }
    #expect(try attributes(0, 28, 63) == [.debugEnabled, .performanceMonitored, .septVEEnabled])
  }

  @Test func t26AServiceTDIsRefused() throws {
    for offset in [0, 47] {
      let bound = guest {
        $0.useVersion5()
        $0.mrServiceTD[offset] = 1
      }
      #expect(try bound.strictCodes() == [.serviceTDBound])
    }
  }

  @Test func t27TheModuleIsIntelsAndUnconfigured() throws {
    #expect(try guest { $0.mrSignerSEAM[47] = 1 }.refusal() == "moduleMismatch mrSignerSeam")
    #expect(try guest { $0.seamAttributes = 1 << 63 }.refusal() == "moduleMismatch seamAttributes")
    // Even where Intel's mask would let it pass, or its value ask for it.
    let masked = guest {
      $0.seamAttributes = 1
      $0.collateral.tcbInfo.modules[1].attributesMask = [UInt8](repeating: 0, count: 8)
    }
    #expect(try masked.refusal() == "moduleMismatch seamAttributes")
    let asked = guest { $0.collateral.tcbInfo.modules[1].attributes[0] = 1 }
    #expect(try asked.refusal() == "moduleMismatch seamAttributes")
  }

  @Test func t28FeaturesThatNoTDLacks() throws {
    for bit: UInt64 in 0...1 { #expect(try guest { $0.xfam ^= 1 << bit }.strictCodes() == [.featuresMissing]) }
    #expect(try guest { $0.xfam |= 1 << 40 }.strictCodes().isEmpty)
  }

  @Test func t29TheLogIsReplayedInAllRegisters() throws {
    var log = SimulatedEventLog.booted
    log.appendTagged(domain: "vouchsafe.dev", operation: "model-load", content: "sha256:0000")
    let logged = guest { $0.measure(log) }
    let states = try logged.tdxClaims().eventLog?.registers
    #expect(states == [.replayed, .replayed, .replayed, .replayed])
    for register in 0..<4 {
      #expect(try with(logged) { $0.rtmrs[register][0] ^= 1 }.refusal() == "eventLogMismatch rtmr\(register)")
    }
    #expect(try sample.tdxClaims().eventLog == nil)
  }

  @Test func t29WhatTheLogDoesNotCoverIsUnproven() throws {
    var extended = guest { $0.measure(.booted) }
    #expect(try extended.tdxClaims().eventLog?.registers.last == .untouched)
    extended.rtmrs[3] = [UInt8](repeating: 0x77, count: 48)
    let claims = try extended.tdxClaims()
    #expect(claims.eventLog?.registers == [.replayed, .replayed, .replayed, .unproven])
    #expect(try extended.verified().get().json["eventLog"]?["rtmr3"] == "unproven")
  }

  @Test func t30ThePlatformIsNamed() throws {
    let claims = try guest { $0.platform.ppid = [UInt8](1...16) }.tdxClaims()
    #expect(claims.platform.ppid == [UInt8](1...16))
  }

  @Test func t31DocumentsAreBounded() throws {
    func collateral(_ change: @escaping @Sendable (inout String) -> Void) throws -> String? {
      try guest { $0.collateral.editTCBInfo = { $0.editText = change } }.refusal()
    }
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\(deep),\"id\"") }
        == "collateralMalformed json")
    let nested = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\(nested),\"id\"") } == "collateralMalformed json")
    // As text inside a file, a document has its own limit.
    let body = Array("{\"id\":\"TDX\",\"x\":\(nested)}".utf8)
    let inText = IntelDocument(kind: .tcbInfo, body: body, signature: String(repeating: "00", count: 64))
    #expect(inText.content == .malformed(ParseError("json", .tooDeep, at: 31)))
    let long = String(repeating: "a", count: 1 << 20)
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"x\":\"\(long)\",\"id\"") }
        == "collateralMalformed tcbInfo")
    #expect(
      try collateral { $0 = $0.replacing("{\"id\"", with: "{\"id\":\"TDX\",\"id\"") }
        == "collateralMalformed json")
  }

  @Test func t31MembersThatNobodyKnowsAreSignedAndSaid() throws {
    let later = guest {
      $0.collateral.editTCBInfo = {
        $0.editText = {
          $0 = $0.replacing("{\"id\":\"TDX\"", with: "{\"later\":[1],\"id\":\"TDX\"")
            .replacing("\"pcesvn\"", with: "\"x y\":{\"z\":1},\"pcesvn\"")
            .replacing("\"isvsvn\"", with: "\"n\":0,\"isvsvn\"")
        }
      }
      $0.collateral.editQEIdentity = { $0.editText = { $0 = $0.replacing("{\"id\"", with: "{\"\\u0007\":1,\"id\"") } }
    }
    let claims = try later.tdxClaims()
    #expect(
      claims.unknownMembers == [
        "tcbInfo.later", "tcbInfo.tcbLevels.tcb.x?y", "tcbInfo.tdxModuleIdentities.tcbLevels.tcb.n",
        "enclaveIdentity.?",
      ])
    let check = try later.inspection().checks.first { $0.name == .tcbInfo }
    #expect(check?.detail.contains("passed over: later, ") == true)
    #expect(try later.verified().get().json["unknownMembers"]?.arrayValue?.count == 4)
    // Claims of documents without any are as they always were.
    #expect(try sample.verified().get().json["unknownMembers"] == nil)
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
