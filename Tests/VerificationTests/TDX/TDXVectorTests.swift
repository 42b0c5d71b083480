import Bytes
import Cryptography
import Evidence
import TestSupport
import Testing

@testable import Verification

/// Real quotes under Intel's real root, with the collateral of their time. Each case is judged at its own time.
@Suite(.enabled(if: VectorStore.isPresent)) struct TDXVectorTests {
  struct Case {
    let id: String
    let quote: [UInt8]
    let endorsements: Endorsements
    let time: Timestamp
    let expected: JSONValue

    var isAccepted: Bool { expected["strict_policy"] == "accept" }
    /// Without the remark that some carry.
    var status: String? { expected["tcb_status"]?.stringValue?.split(separator: " ").first.map(String.init) }
    var advisories: [String] { (expected["advisories"]?.arrayValue ?? []).compactMap(\.stringValue).sorted() }
  }

  static func cases(_ type: String) throws -> [Case] {
    let manifest = try VectorStore.json("cpu/manifest.json")
    let all = try #require(manifest["cases"]?.arrayValue)
    return try all.filter { $0["type"]?.stringValue == type }.map { item in
      let files = item["collateral"]?.objectValue?.members.compactMap { $0.value.stringValue } ?? []
      return Case(
        id: try #require(item["id"]?.stringValue),
        quote: try VectorStore.read("cpu/" + (try #require(item["quote"]?.stringValue))),
        endorsements: Endorsements(recognising: try files.map { try VectorStore.read("cpu/" + $0) }),
        time: Timestamp(seconds: item["verification_time"]?.integer(Int64.self) ?? 1_767_225_600),
        expected: try #require(item["expect"]))
    }
  }

  @Test func everyRealQuoteGetsItsVerdictAndItsStatus() throws {
    let cases = try Self.cases("tdx-quote")
    #expect(cases.count == 42)
    for item in cases where item.status != "UNCONFIRMED" {
      let result = inspect(
        try .detect(bytes: item.quote), with: item.endorsements, reportData: nil, anchors: .builtIn, at: item.time)
      #expect(result.isVerified == item.isAccepted, "\(item.id): \(result.refusal.map(\.description) ?? "verified")")
      #expect(result.claims?["tcbStatus"]?.stringValue == item.status, "\(item.id)")
      let advisories = result.claims?["advisoryIDs"]?.arrayValue?.compactMap(\.stringValue)
      #expect(advisories == item.advisories, "\(item.id)")
      #expect(!result.simulated)
      if !item.isAccepted { #expect(result.refusal?.genuine == true, "\(item.id)") }
    }
  }

  @Test func theStrictRuleFindsWhatTheManifestNames() throws {
    let codes: [(String, Set<Refusal.Code>)] = [
      ("TD DEBUG", [.debugEnabled]), ("PERFMON set", [.performanceMonitored]),
      ("SEPT_VE_DISABLE clear", [.septVEEnabled]), ("MRSERVICETD non-zero and not pinned", [.serviceTDBound]),
      ("tcb status", [.tcbNotUpToDate]),
    ]
    for item in try Self.cases("tdx-quote") where item.status != "UNCONFIRMED" {
      let reasons = (item.expected["reasons"]?.arrayValue ?? []).compactMap(\.stringValue)
      let wanted = reasons.flatMap { reason in codes.filter { reason.hasPrefix($0.0) }.flatMap(\.1) }
      #expect(wanted.count == reasons.count, "\(item.id)")
      let evidence = try UnverifiedEvidence.detect(bytes: item.quote)
      guard case .tdx(let tdx) = evidence else { return }
      let claims = try verify(
        evidence, with: item.endorsements, binding: Binding(reportData: tdx.quote.body.reportData), anchors: .builtIn,
        at: item.time
      ).get()
      #expect(Set(strictRefusals(claims).map(\.code)) == Set(wanted), "\(item.id)")
    }
  }

  @Test func everyNegativeCaseIsRefusedForItsReason() throws {
    let codes: [String: [Refusal.Code]] = [
      "dev-neg-expired-a6e91e-eval18-uptodate": [.collateralExpired, .revocationListExpired],
      "dev-neg-notyet-a6e91e-eval18-uptodate": [.collateralNotYetValid, .certificateNotYetValid],
      "dev-neg-now": [.collateralExpired, .revocationListExpired],
      "dev-neg-wrong-fmspc": [.collateralMismatch],
      "dev-neg-qe-identity-testroot": [.collateralSignatureInvalid],
      "dev-neg-crl-wrong-issuer": [.collateralMissing],
      "dev-neg-rootcrl-expired": [.revocationListExpired],
      "dev-neg-signer-expired": [.certificateExpired],
      "dev-neg-qe-identity-sgx": [.collateralMismatch],
    ]
    let cases = try Self.cases("tdx-quote-negative")
    #expect(cases.count == codes.count)
    for item in cases {
      let evidence = try UnverifiedEvidence.detect(bytes: item.quote)
      let seen = inspect(evidence, with: item.endorsements, reportData: nil, anchors: .builtIn, at: item.time)
      #expect(seen.refusal.map { codes[item.id]?.contains($0.code) ?? false } == true, "\(item.id): \(seen.checks)")
      #expect(seen.claims == nil && seen.refusal?.genuine == false)
      guard case .tdx(let tdx) = evidence else { continue }
      let proved = verify(
        evidence, with: item.endorsements, binding: Binding(reportData: tdx.quote.body.reportData), anchors: .builtIn,
        at: item.time)
      #expect(proved.refusal.map { codes[item.id]?.contains($0.code) ?? false } == true, "\(item.id)")
    }
  }

  @Test func whatIsNoQuoteOfATrustDomainIsMalformed() throws {
    let cases = try Self.cases("quote-negative")
    #expect(cases.count == 3)
    for item in cases {
      do throws(EvidenceError) {
        _ = try UnverifiedEvidence.detect(bytes: item.quote)
        Issue.record("\(item.id) was read")
      } catch { #expect(Refusal(error).code.kind == .malformed, "\(item.id)") }
    }
  }

  @Test func theQuoteWithoutCollateralIsCryptographicallySound() throws {
    let item = try #require(try Self.cases("tdx-quote").first { $0.status == "UNCONFIRMED" })
    let result = inspect(
      try .detect(bytes: item.quote), with: .none, reportData: nil, anchors: .builtIn, at: item.time)
    #expect(result.refusal?.code == .collateralMissing)
    for name in [CheckName.chain, .enclaveSignature, .attestationKey, .signature] {
      #expect(result.checks.first { $0.name == name }?.outcome == .pass, "\(name)")
    }
  }

  @Test func oneFolderWithAllCollateralServesEveryCase() throws {
    let cases = try Self.cases("tdx-quote").filter(\.isAccepted)
    let all = cases.map(\.endorsements)
    let bag = Endorsements(
      certificates: all.flatMap(\.certificates), revocationLists: all.flatMap(\.revocationLists),
      documents: all.flatMap(\.documents))
    for item in cases {
      let result = inspect(
        try .detect(bytes: item.quote), with: bag, reportData: nil, anchors: .builtIn, at: item.time)
      #expect(result.isVerified, "\(item.id): \(result.refusal.map(\.description) ?? "")")
    }
  }

  @Test func realQuotesAreNothingUnderTheSimulatorsRoots() throws {
    let only = Anchors(all: simulatedAnchors.all.filter(\.isSimulated))
    let item = try #require(try Self.cases("tdx-quote").first(where: \.isAccepted))
    let result = inspect(
      try .detect(bytes: item.quote), with: item.endorsements, reportData: nil, anchors: only, at: item.time)
    #expect(result.refusal?.code == .chainUntrusted)
  }

  /// N1 to N4 on real quotes: nothing that is signed can be changed, and every change has its own reason.
  @Test func n1ToN4NoByteOfARealQuoteCanBeChanged() throws {
    let item = try #require(try Self.cases("tdx-quote").first(where: \.isAccepted))
    let quote = try TDXQuote(item.quote)
    var random = SeededGenerator(seed: 4)
    let signature = quote.signedBytes.count + 4
    let ranges: [(Range<Int>, Set<Refusal.Code>)] = [
      (28..<48, [.signatureInvalid]), (48..<quote.signedBytes.count, [.signatureInvalid]),
      (signature..<signature + 64, [.signatureInvalid]), (signature + 64..<signature + 128, [.attestationKeyMismatch]),
      (signature + 134..<signature + 518, [.enclaveSignatureInvalid]),
      (signature + 518..<signature + 582, [.enclaveSignatureInvalid]),
      (signature + 584..<signature + 616, [.attestationKeyMismatch]),
    ]
    for (range, codes) in ranges {
      for _ in 0..<12 {
        var bytes = quote.bytes
        bytes[Int.random(in: range, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        let result = inspect(
          .tdx(try TDXEvidence(raw: bytes)), with: item.endorsements, reportData: nil, anchors: .builtIn, at: item.time)
        let failed = Set(result.checks.filter { $0.outcome == .fail }.map(\.detail))
        #expect(result.refusal.map { codes.contains($0.code) } == true, "\(range): \(failed)")
        #expect(result.claims == nil)
      }
    }
  }

  @Test func t29RealLogsMatchTheirQuotesOrDoNot() throws {
    let manifest = try VectorStore.json("cpu/manifest.json")
    for item in try #require(manifest["cases"]?.arrayValue).filter({ $0["type"] == "ccel" }) {
      let log = try MeasurementLog(try VectorStore.read("cpu/" + (try #require(item["log"]?.stringValue))))
      let zeros = [[UInt8]](repeating: [UInt8](repeating: 0, count: 48), count: 4)
      let values = EventLogReplay(log, registers: zeros).values.map { Hex.encode($0) }
      for (name, value) in try #require(item["replayed_sha384"]?.objectValue).members {
        let index = try #require(name.last?.wholeNumberValue)
        #expect(values[index] == value.stringValue, "\(item["id"] ?? "") \(name)")
      }
      guard let path = item["quote"]?.stringValue else { continue }
      let quote = try TDXQuote(try VectorStore.read("cpu/" + path))
      let states = EventLogReplay(log, registers: quote.body.rtmr).states
      #expect(states.contains(.differs) == (item["expect"] != "accept"), "\(item["id"] ?? ""): \(states)")
      for index in 0..<4 where item["match"]?["RTMR\(index)"] == false {
        #expect(states[index] == .differs || states[index] == .unproven)
      }
    }
  }

  @Test func t29ALogThatDiffersIsTerminal() throws {
    let cases = try Self.cases("tdx-quote").filter { $0.id == "dev-tdx-00b2526ab1-eval17-uptodate" }
    let item = try #require(cases.first)
    for (name, isAccepted) in [("ccel_cos113", true), ("ccel_cos113_dupe_separator", false)] {
      let json = TDXEvidence.kbsJSON(quote: item.quote, eventLog: try VectorStore.read("cpu/ccel/\(name).bin"))
      let result = inspect(
        try .parse(tee: .tdx, kbsJSON: json), with: item.endorsements, reportData: nil, anchors: .builtIn,
        at: item.time)
      #expect(result.isVerified == isAccepted)
      if isAccepted {
        #expect(result.claims?["eventLog"]?["rtmr0"] == "replayed")
        #expect(result.claims?["eventLog"]?["rtmr3"] == "untouched")
      } else {
        #expect(result.refusal?.code == .eventLogMismatch)
        #expect(result.claims == nil)
      }
    }
  }
}
