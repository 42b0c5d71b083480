import Bytes
import Evidence
import SimulatedTEE
import Testing
import Verification

@testable import Appraisal

extension Sample {
  private static func bytes(_ value: UInt8, _ count: Int = 48) -> [UInt8] { [UInt8](repeating: value, count: count) }
  private static func hex(_ value: UInt8, _ count: Int = 48) -> JSONValue { [.string(Hex.encode(bytes(value, count)))] }

  /// A bundle for TDX in which every optional requirement is made, and met by `tdx`.
  static func tdxBundle(_ edits: [String: JSONValue?] = [:]) -> JSONValue {
    let tdx: JSONValue = .object([
      ("mrTD", hex(0x7D)), ("rtmr0", hex(0xA0)), ("rtmr1", hex(0xA1)), ("rtmr2", hex(0xA2)), ("rtmr3", hex(0)),
      ("mrConfigIDs", hex(0xC0)), ("mrOwner", hex(0)), ("mrOwnerConfig", hex(0)), ("mrSeam", hex(0x5E)),
      ("attributes", ["required": ["septVEDisabled"], "forbidden": ["keyLocker"]]),
      ("xfam", ["required": "0x3", "allowed": "0x602e7"]), ("minimumEvaluation", 19),
      ("platforms", hex(0x9D, 16)), ("requireEventLog", true),
    ])
    var document = bundle("llama", ["tees.snp": nil])
    document.set(["tees", "tdx"], tdx)
    for (path, value) in edits { document.set(path.split(separator: ".").map(String.init)[...], value) }
    return document
  }

  /// Genuine claims of a simulated trust domain that fits `tdxBundle`.
  static func tdxClaims(_ edit: (inout SimulatedTDX) -> Void = { _ in }) throws -> Claims {
    var guest = SimulatedTDX(issuedAt: now.adding(.seconds(-3600)))
    guest.mrConfigID = bytes(0xC0)
    guest.measure(.booted)
    edit(&guest)
    let reportData = bytes(0x42, 64)
    let anchors = Anchors.builtIn.adding(try Anchors.parseFile(CanonicalJSON.encode(SimulatedKeys.shared.anchorsFile)))
    return try verify(
      .tdx(try TDXEvidence(kbsJSON: guest.kbsEvidence(reportData: reportData))),
      with: Endorsements(recognising: guest.collateral.files.map(\.bytes)), binding: Binding(reportData: reportData),
      anchors: anchors, at: now
    ).get()
  }
}

/// What a bundle may ask of a trust domain, and how it is asked.
struct TDXReferenceTests {
  private func parse(_ edits: [String: JSONValue?]) throws -> ReferenceBundle {
    try ReferenceBundle(document: Sample.tdxBundle(edits))
  }

  @Test func aFullSectionIsRead() throws {
    let bundle = try parse([:])
    let tdx = try #require(bundle.tdx)
    #expect(bundle.snp == nil)
    #expect(tdx.mrTD == [[UInt8](repeating: 0x7D, count: 48)])
    #expect(tdx.rtmr.map { $0?.count } == [1, 1, 1, 1])
    #expect(tdx.xfam?.allowed == 0x602E7)
    #expect(tdx.attributes.required == 1 << 28 && tdx.attributes.forbidden == 1 << 31)
    #expect(tdx.minimumEvaluation == 19 && tdx.requiresEventLog)
    #expect(bundle.openEnds.isEmpty)
  }

  @Test func whatIsLeftOutIsStrictOrNamed() throws {
    let mrTD: JSONValue = .object([("mrTD", [.string(String(repeating: "7d", count: 48))])])
    let tdx = try #require(try parse(["tees.tdx": mrTD]).tdx)
    #expect(tdx.mrOwner == [TDXReference.zero] && tdx.mrOwnerConfig == [TDXReference.zero])
    #expect(tdx.acceptedTCB.isEmpty && !tdx.acceptingSEPTVE && tdx.serviceTDs == nil)
    #expect(tdx.openEnds.count == 7)
  }

  @Test func oneBundleMayDescribeTwoTechnologies() throws {
    var both = Sample.tdxBundle()
    both.set(["tees", "snp"], try #require(Sample.bundle()["tees"]?["snp"]))
    let bundle = try ReferenceBundle(document: both)
    #expect(bundle.snp != nil && bundle.tdx != nil)
  }

  @Test(arguments: ["rtmr4", "mrtd", "xfam.maximum", "attributes.allowed", "measurements", "tcb"])
  func anUnknownMemberIsAnError(_ path: String) {
    #expect(throws: ParseError("tees.tdx.\(path)", .unknownField)) { try parse(["tees.tdx.\(path)": 1]) }
  }

  @Test(arguments: [
    "mrTD", "rtmr0", "rtmr3", "mrConfigIDs", "mrOwner", "mrSeam", "serviceTDs", "platforms", "acceptedTCB",
    "attributes.required",
  ])
  func anEmptyListIsNeitherAllNorNothing(_ path: String) {
    #expect(throws: ParseError("tees.tdx.\(path)", .missing)) { try parse(["tees.tdx.\(path)": []]) }
  }

  @Test func theMeasurementCannotBeLeftOut() {
    #expect(throws: ParseError("tees.tdx.mrTD", .missing)) { try parse(["tees.tdx.mrTD": nil]) }
  }

  @Test func valuesOfOtherShapesAreRefused() {
    let zeros = JSONValue.string(String(repeating: "00", count: 48))
    let status = { (status: String, more: [(String, JSONValue)]) -> JSONValue in
      [.object([("status", .string(status)), ("advisoryIDs", ["INTEL-SA-00001"])] + more)]
    }
    let wrong: [(String, JSONValue)] = [
      ("mrTD", ["ab"]), ("mrTD", [zeros]), ("mrTD", zeros), ("rtmr0", ["00"]), ("rtmr0", [zeros, zeros]),
      ("mrConfigIDs", [zeros]), ("initDataDigests", [.string(String(repeating: "ab", count: 48))]),
      ("platforms", [.string(String(repeating: "00", count: 16))]), ("platforms", ["9d"]),
      ("attributes.required", ["debug"]), ("attributes.required", ["migratable"]),
      ("attributes.required", ["performanceMonitored"]), ("attributes.required", ["sept"]),
      ("xfam.required", "3"), ("xfam.required", "0x03"), ("xfam.required", 3), ("xfam.allowed", "0x1"),
      ("xfam.allowed", "0X3"), ("minimumEvaluation", -1), ("minimumEvaluation", "19"), ("requireEventLog", 1),
      ("acceptingSEPTVE", "yes"), ("acceptedTCB", status("Revoked", [])), ("acceptedTCB", status("NotSupported", [])),
      ("acceptedTCB", status("UpToDate", [])), ("acceptedTCB", status("Fine", [])),
      ("acceptedTCB", status("OutOfDate", [])), ("acceptedTCB", status("OutOfDateConfigurationNeeded", [])),
      ("acceptedTCB", status("TDRelaunchAdvised", [])), ("acceptedTCB", status("SWHardeningNeeded", [("until", 1)])),
      ("acceptedTCB", [["status": "SWHardeningNeeded"]]),
      ("acceptedTCB", [["status": "SWHardeningNeeded", "advisoryIDs": []]]),
      ("acceptedTCB", [["advisoryIDs": ["INTEL-SA-00001"]]]),
    ]
    for (path, value) in wrong {
      #expect(throws: ParseError.self, "\(path) = \(value)") { try parse(["tees.tdx.\(path)": value]) }
    }
  }

  @Test func initDataDigestsAreComparedAsMRCONFIGIDHoldsThem() throws {
    for count in [32, 48, 64] {
      let digest = (1...count).map { UInt8($0) }
      let bundle = try parse([
        "tees.tdx.mrConfigIDs": nil, "tees.tdx.initDataDigests": [.string(Hex.encode(digest))],
      ])
      let expected = Array((digest + [UInt8](repeating: 0, count: 16)).prefix(48))
      #expect(bundle.tdx?.mrConfigID == [expected], "\(count)")
    }
  }
}

/// From signed quotes to judgement.
struct TDXAppraiseTests {
  private let simulated: [String: JSONValue?] = [
    "acceptingSimulatedEvidence": true, "tees.tdx.rtmr0": nil, "tees.tdx.rtmr1": nil, "tees.tdx.rtmr2": nil,
  ]

  private func codes(_ claims: Claims, _ edits: [String: JSONValue?] = [:]) throws -> [String] {
    let bundle = Sample.tdxBundle(simulated.merging(edits) { $1 })
    switch appraise(claims, pseudonym: nil, against: try Sample.values(bundle), at: Sample.now).verdict {
    case .accepted: return []
    case .refused(let denial): return denial.codes
    }
  }

  private func codes(
    _ edits: [String: JSONValue?] = [:], _ edit: (inout SimulatedTDX) -> Void
  ) throws -> [String] { try codes(try Sample.tdxClaims(edit), edits) }

  @Test func provedClaimsAreJudgedAsTheyStand() throws {
    let claims = try Sample.tdxClaims()
    let result = appraise(
      claims, pseudonym: nil, against: try Sample.values(Sample.tdxBundle(simulated)), at: Sample.now)
    #expect(result.verdict == .accepted(bundles: ["llama"]))
    #expect(result.isSimulated)
    #expect(result.facts == Facts(claims))
  }

  @Test func eachFieldOfTheQuoteReachesTheJudgement() throws {
    #expect(try codes { $0.mrTD[0] ^= 1 } == ["measurementUnknown"])
    #expect(try codes { $0.mrConfigID[0] ^= 1 } == ["hostDataMismatch"])
    #expect(try codes { $0.mrOwner[0] = 1 } == ["ownerNotAllowed"])
    #expect(try codes { $0.mrOwnerConfig[47] = 1 } == ["ownerNotAllowed"])
    #expect(try codes { $0.mrSEAM[0] ^= 1 } == ["moduleNotAllowed"])
    #expect(try codes { $0.platform.ppid[0] ^= 1 } == ["chipNotAllowed"])
    #expect(try codes { $0.collateral.tcbInfo.evaluationDataNumber = 18 } == ["evaluationTooOld"])
    #expect(try codes { $0.xfam |= 1 << 40 } == ["featuresNotAllowed"])
    #expect(try codes { $0.tdAttributes |= 1 << 31 } == ["tdAttributeForbidden"])
    #expect(try codes(["tees.tdx.attributes": ["required": ["lass"]]]) { _ in } == ["tdAttributeMissing"])
    #expect(try codes(["acceptingSimulatedEvidence": false]) { _ in } == ["simulatedEvidence"])
    for register in 0..<4 {
      let other = JSONValue.string(String(repeating: "ee", count: 48))
      #expect(try codes(["tees.tdx.rtmr\(register)": [other]]) { _ in } == ["registerMismatch"])
    }
  }

  @Test func theStrictRuleHoldsWhateverABundleSays() throws {
    let cases: [(String, (inout SimulatedTDX) -> Void)] = [
      ("debugEnabled", { $0.tdAttributes |= 1 }), ("performanceMonitored", { $0.tdAttributes |= 1 << 63 }),
      ("migrationAllowed", { $0.tdAttributes |= 1 << 29 }), ("attributesUnknownBits", { $0.tdAttributes |= 1 << 50 }),
      ("partitioningAware", { $0.tdAttributes |= 1 << 62 }),
    ]
    for (code, edit) in cases { #expect(try codes([:], edit) == [code]) }
    #expect(try codes(["tees.tdx.attributes": nil]) { $0.tdAttributes = 0 } == ["septVEEnabled"])
    #expect(try codes(["tees.tdx.attributes": nil, "tees.tdx.acceptingSEPTVE": true]) { $0.tdAttributes = 0 } == [])
  }

  @Test func t29AnEventLogCanBeAskedFor() throws {
    #expect(try codes { $0.carry(log: nil) } == ["eventLogMissing"])
    #expect(try codes(["tees.tdx.requireEventLog": nil]) { $0.carry(log: nil) } == [])
    let unproven = try codes(["tees.tdx.rtmr3": nil]) { $0.rtmrs[3][0] = 1 }
    #expect(unproven == ["registerUnproven"])
    // A log that says nothing proves nothing, whatever the values are.
    var silent = SimulatedEventLog.booted
    silent.events = []
    let log = silent.bytes
    #expect(try codes { $0.carry(log: log) } == ["registerUnproven"])
  }

  @Test func t30OnlyNamedPlatformsWhereOnesAreNamed() throws {
    #expect(try codes(["tees.tdx.platforms": nil]) { $0.platform.ppid[0] ^= 1 } == [])
    let instance = try #require(try Sample.tdxClaims().tdx?.platform.instanceID)
    let named: [String: JSONValue?] = ["tees.tdx.platformInstances": [.string(Hex.encode(instance))]]
    #expect(try codes(named) { _ in } == [])
    #expect(try codes(named) { $0.platform.platformInstanceID[15] ^= 1 } == ["chipNotAllowed"])
    // Of the Processor CA, which knows no instances.
    #expect(try codes(named) { $0.platform.authority = .processor } == ["chipNotAllowed"])
  }

  private func accepting(_ status: String, _ advisories: [String], _ more: [(String, JSONValue)] = []) -> [String:
    JSONValue?]
  {
    [
      "tees.tdx.acceptedTCB": [
        .object([("status", .string(status)), ("advisoryIDs", .strings(advisories))] + more)
      ]
    ]
  }

  private func level(_ status: String, _ advisories: [String] = ["INTEL-SA-00001"]) -> (inout SimulatedTDX) -> Void {
    {
      $0.collateral.tcbInfo.levels[0].verdict = SimulatedVerdict(status, advisories: advisories)
      $0.collateral.tcbInfo.levels[0].verdict.date = "2026-08-01T00:00:00Z"
      $0.collateral.tcbInfo.modules[1].levels[0].verdict.date = "2026-08-01T00:00:00Z"
      $0.collateral.qeIdentity.levels[0].verdict.date = "2026-08-01T00:00:00Z"
    }
  }

  @Test func t32AStatusIsAcceptedByItsNameAndAllItsAdvisoriesOnly() throws {
    let needs = level("SWHardeningNeeded", ["INTEL-SA-00001", "INTEL-SA-00002"])
    #expect(try codes([:], needs) == ["tcbNotUpToDate"])
    #expect(try codes(accepting("SWHardeningNeeded", ["INTEL-SA-00001", "INTEL-SA-00002"]), needs) == [])
    #expect(try codes(accepting("SWHardeningNeeded", ["INTEL-SA-00001"]), needs) == ["tcbNotUpToDate"])
    #expect(
      try codes(accepting("ConfigurationNeeded", ["INTEL-SA-00001", "INTEL-SA-00002"]), needs) == ["tcbNotUpToDate"])
    #expect(try codes(accepting("SWHardeningNeeded", ["INTEL-SA-00001"]), level("Revoked")) == ["tcbNotUpToDate"])
  }

  @Test func t32AnOutOfDatePlatformIsAcceptedForATime() throws {
    let old = level("OutOfDate")
    let days = Int64(
      Sample.now.duration(since: try Timestamp(rfc3339: "2026-08-01T00:00:00Z")).components.seconds / 86_400)
    #expect(try codes(accepting("OutOfDate", ["INTEL-SA-00001"], [("maximumAgeDays", .int(days + 1))]), old) == [])
    #expect(
      try codes(accepting("OutOfDate", ["INTEL-SA-00001"], [("maximumAgeDays", .int(days))]), old) == ["tcbNotUpToDate"]
    )
  }

  @Test func t32AnAcceptanceEnds() throws {
    let needs = level("ConfigurationNeeded")
    func until(_ time: Timestamp) throws -> [String] {
      try codes(accepting("ConfigurationNeeded", ["INTEL-SA-00001"], [("notAfter", .string(time.rfc3339))]), needs)
    }
    #expect(try until(Sample.now.adding(.seconds(1))) == [])
    #expect(try until(Sample.now) == ["tcbNotUpToDate"])
  }

  @Test func t21ARelaunchCanBeLeftForLater() throws {
    let relaunch: (inout SimulatedTDX) -> Void = {
      $0.useVersion5()
      $0.teeTCBSVN[0] = 4
      $0.teeTCBSVN2 = [6, 1, 8] + [UInt8](repeating: 0, count: 13)
    }
    #expect(try codes([:], relaunch) == ["tcbNotUpToDate"])
    let later = accepting(
      "TDRelaunchAdvised", ["INTEL-SA-01036", "INTEL-SA-01099"],
      [("notAfter", .string(Sample.now.adding(.seconds(60)).rfc3339))])
    #expect(try codes(later, relaunch) == [])
  }

  @Test func t26AServiceTDIsAcceptedOnlyWhenItIsPinned() throws {
    let service = [UInt8](repeating: 0x5D, count: 48)
    let migratable: (inout SimulatedTDX) -> Void = {
      $0.useVersion5()
      $0.mrServiceTD = service
      $0.tdAttributes |= 1 << 29
    }
    #expect(try Set(codes([:], migratable)) == ["migrationAllowed", "serviceTDBound"])
    let pinned: [String: JSONValue?] = ["tees.tdx.serviceTDs": [.string(Hex.encode(service))]]
    #expect(try codes(pinned, migratable) == [])
    let other: [String: JSONValue?] = ["tees.tdx.serviceTDs": [.string(String(repeating: "5e", count: 48))]]
    #expect(try Set(codes(other, migratable)) == ["migrationAllowed", "serviceTDBound", "serviceTDNotAllowed"])
    // Migratable without a service TD, which has nobody to say where it goes.
    #expect(try codes(pinned) { $0.tdAttributes |= 1 << 29 } == ["migrationAllowed"])
    #expect(try codes(pinned) { $0.tdAttributes |= 1 << 17 } == ["serviceTDBound"])
  }

  @Test func revocationsReachPlatformsAndMeasurements() throws {
    let values = try Sample.values(Sample.tdxBundle(simulated))
    let claims = try Sample.tdxClaims()
    let register = Hex.encode(try #require(claims.tdx).report.rtmr[2])
    for (scope, code) in [
      ("chip/" + String(repeating: "9d", count: 16), "chipRevoked"),
      ("chip/" + Hex.encode(try #require(claims.tdx?.platform.instanceID)), "chipRevoked"),
      ("measurement/" + String(repeating: "7d", count: 48), "measurementRevoked"),
      ("measurement/" + register, "measurementRevoked"),
    ] {
      guard
        case .refused(let denial) = appraise(
          claims, pseudonym: nil, against: try values.revoking(scope), at: Sample.now
        ).verdict
      else {
        Issue.record("accepted after \(scope)")
        continue
      }
      #expect(denial.codes == [code])
    }
  }

  @Test func aSectionForAnotherTechnologyDoesNotMatch() throws {
    let result = appraise(
      try Sample.tdxClaims(), pseudonym: nil, against: try Sample.values(Sample.bundle()), at: Sample.now)
    guard case .refused(let denial) = result.verdict else { return }
    #expect(denial.codes.contains("teeNotInBundle"))
  }
}
