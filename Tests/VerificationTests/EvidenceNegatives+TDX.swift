import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

extension EvidenceNegatives {
  static let tdxGuests: [(name: String, guest: SimulatedTDX)] = [
    ("version 4", .current()), ("version 5", with(SimulatedTDX.current()) { $0.useVersion5() }),
  ]

  @Test(arguments: [0, 1]) func everyFieldOfASimulatedQuote(index: Int) throws {
    let (name, guest) = Self.tdxGuests[index]
    let quote = guest.quote(reportData: sessionData)
    let setting = Setting(
      tee: .tdx, endorsements: guest.collateral.endorsements().proving(anchors: simulatedAnchors, at: now))
    #expect(setting.code(quote) == nil)
    expect(tally(try Self.mutator(quote), setting), atLeast: Floor.quote, "\(name)")
  }

  @Test(.enabled(if: VectorStore.isPresent)) func everyFieldOfARealQuote() throws {
    var seen = Set<[UInt8]>()
    let cases = try RealQuote.all().filter { seen.insert($0.quote).inserted }
    #expect(cases.count >= 12)
    for item in cases {
      let setting = Setting(
        tee: .tdx, endorsements: item.endorsements.proving(anchors: .builtIn, at: item.time),
        reportData: try TDXQuote(item.quote).body.reportData, anchors: .builtIn, time: item.time)
      #expect(setting.code(item.quote) == nil, "\(item.id)")
      // Sampled, to stay short.
      var mutator = try Self.mutator(item.quote)
      mutator.flipEvery = 6
      mutator.cutEvery = 3
      expect(tally(mutator, setting), atLeast: Floor.realQuote, "\(item.id)")
    }
  }

  @Test func everyByteOfTheCollateral() throws {
    let guest = SimulatedTDX.current()
    let evidence = UnverifiedEvidence.tdx(try TDXEvidence(raw: guest.quote(reportData: sessionData)))
    let files = guest.collateral.files.filter { Self.collateralParts.keys.contains($0.name) }
    let artefacts = files.map { CollateralArtefact.all(in: $0.bytes) }
    for (index, file) in files.enumerated() {
      let others = artefacts.enumerated().filter { $0.offset != index }.flatMap(\.element)
      var mutator = Mutator(bytes: file.bytes, fields: Self.collateralFields(file.name, file.bytes))
      mutator.flipEvery = file.name.hasSuffix("json") ? 4 : 1
      mutator.cutEvery = 3
      mutator.lengthCodes = Self.collateralCodes
      mutator.tails = [[0xFF], [UInt8](repeating: 0xA5, count: 8)]
      if file.name.hasSuffix("json") { mutator.oracle = SignatureOracle(original: file.bytes).code }
      var tally = Tally()
      mutator.forEach { name, bytes, codes in
        let setting = Setting(tee: .tdx, endorsements: Endorsements(others + CollateralArtefact.all(in: bytes)))
        tally.add(name, setting.code(evidence), codes)
      }
      expect(tally, atLeast: Floor.collateralFile, "\(file.name)")
    }
  }

  @Test func everyMemberOfAQuoteInJSON() throws {
    var guest = SimulatedTDX.current()
    guest.measure(.booted)
    let setting = Setting(tee: .tdx, endorsements: guest.collateral.endorsements())
    let json = guest.kbsEvidence(reportData: sessionData)
    #expect(setting.code(CanonicalJSON.encode(json)) == nil)
    // Without its log a quote proves less and is no forgery.
    let codes: Set<Refusal.Code> = [
      .malformed, .unrecognisedEvidence, .unsupportedTEE, .unsupportedVersion, .certificateMalformed,
    ]
    var tally = Tally()
    JSONMutator(json).forEach { name, text in
      if let parsed = try? UnverifiedEvidence.parse(bytes: text, tee: .tdx), case .tdx(let tdx) = parsed,
        tdx.eventLog == nil || (try? UnverifiedEvidence.parse(tee: .tdx, kbsJSON: json)) == parsed
      {
        return
      }
      tally.add(name, setting.code(text), codes)
    }
    expect(tally, atLeast: 12, "KBS JSON")
  }
}

// What may be said of which change.
extension EvidenceNegatives {
  private static let signed: Set<Refusal.Code> = [.signatureInvalid]
  private static let layout: Set<Refusal.Code> = [.malformed, .unsupportedVersion, .unsupportedQuote, .unsupportedTEE]

  private static let chainCodes: Set<Refusal.Code> = [
    .malformed, .certificateMalformed, .extensionInvalid, .chainUntrusted, .chainSignatureInvalid, .chainInvalid,
    .certificateExpired, .certificateNotYetValid, .collateralMismatch, .collateralMissing, .revocationListInvalid,
    .enclaveSignatureInvalid,
  ]

  static let collateralCodes: Set<Refusal.Code> = [
    .collateralMissing, .collateralMalformed, .collateralMismatch, .collateralSignatureInvalid, .collateralExpired,
    .collateralNotYetValid, .certificateExpired, .certificateNotYetValid, .chainUntrusted, .chainSignatureInvalid,
    .chainInvalid, .revocationListInvalid, .revocationListExpired, .revocationListNotYetValid, .certificateRevoked,
  ]

  private static let body: [(name: String, count: Int, codes: Set<Refusal.Code>)] = [
    ("teeTCBSVN", 16, signed), ("mrSEAM", 48, signed), ("mrSignerSEAM", 48, signed), ("seamAttributes", 8, signed),
    ("tdAttributes", 8, signed), ("xfam", 8, signed), ("mrTD", 48, signed), ("mrConfigID", 48, signed),
    ("mrOwner", 48, signed), ("mrOwnerConfig", 48, signed), ("rtmr0", 48, signed), ("rtmr1", 48, signed),
    ("rtmr2", 48, signed), ("rtmr3", 48, signed), ("reportData", 64, [.reportDataMismatch]),
  ]

  /// Every field of a quote, with padding or without.
  static func mutator(_ quote: [UInt8]) throws -> Mutator {
    let parsed = try TDXQuote(quote)
    let quote = parsed.bytes
    var parts: [(name: String, count: Int, codes: Set<Refusal.Code>)] = [
      ("version", 2, layout), ("keyType", 2, [.unsupportedQuote]), ("teeType", 4, [.malformed, .unsupportedTEE]),
      ("reserved", 4, signed), ("vendorID", 16, [.quotingEnclaveUnknown]), ("userData", 20, signed),
    ]
    if parsed.version == 5 { parts += [("bodyType", 2, layout), ("bodySize", 4, [.malformed])] }
    parts += body
    if parsed.version == 5 { parts += [("teeTCBSVN2", 16, signed), ("mrServiceTD", 48, signed)] }
    parts += [
      ("signatureSize", 4, [.malformed]), ("signature", 64, signed), ("attestationKey", 64, [.attestationKeyMismatch]),
      ("outerType", 2, [.malformed]), ("outerSize", 4, [.malformed]),
      ("enclaveReport", 384, [.enclaveSignatureInvalid]), ("enclaveSignature", 64, [.enclaveSignatureInvalid]),
      ("authenticationSize", 2, [.malformed]),
      ("authenticationData", parsed.authenticationData.count, [.attestationKeyMismatch]),
      ("innerType", 2, [.malformed, .certificatesNotEmbedded]), ("innerSize", 4, [.malformed]),
    ]
    parts += chainParts(parsed.certificationData)
    var mutator = Mutator(bytes: quote, fields: MutationField.list(parts), lengthCodes: layout.union(chainCodes))
    mutator.oracle = QuoteOracle(original: quote).code
    mutator.tails = [[1], [0xFF], [UInt8](repeating: 0, count: 70) + [1], [UInt8](repeating: 0xA5, count: 8)]
    return mutator
  }

  /// The platform's certificate and its issuer's; the root that follows is nobody's business.
  private static func chainParts(
    _ text: [UInt8]
  ) -> [(name: String, count: Int, codes: Set<Refusal.Code>)] {
    let begin = Array("-----BEGIN".utf8)
    let starts = text.indices.filter { text[$0...].starts(with: begin) }
    return [("pck", starts[1], chainCodes), ("pckIssuer", starts[2] - starts[1], chainCodes)]
  }

  /// The parts of the collateral, and where in a file its signed bytes and its signature lie.
  private static let collateralParts: [String: String] = [
    "tcb-info.json": "tcbInfo", "qe-identity.json": "enclaveIdentity", "root-crl.der": "", "pck-crl-platform.der": "",
    "tcb-signing.der": "",
  ]

  private static func collateralFields(_ name: String, _ bytes: [UInt8]) -> [MutationField] {
    guard let member = collateralParts[name], !member.isEmpty else {
      return MutationField.list([(name, bytes.count, collateralCodes)])
    }
    // `{"member":` VALUE `,"signature":"` 128 digits `"}`
    let (head, tail) = (member.utf8.count + 4, 14)
    var fields = MutationField.list(
      from: head,
      [
        (member, bytes.count - head - tail - 130, collateralCodes), ("between", tail, []),
        ("signature", 128, collateralCodes),
      ])
    fields.remove(at: 1)
    return fields
  }
}

/// A real quote and the collateral of its time.
struct RealQuote {
  let id: String
  let quote: [UInt8]
  let endorsements: Endorsements
  let time: Timestamp

  /// Those whose platform is up to date and whose domain the strict rule accepts.
  static func all() throws -> [RealQuote] {
    let manifest = try VectorStore.json("cpu/manifest.json")
    let cases = try #require(manifest["cases"]?.arrayValue)
    return try cases.filter { $0["type"] == "tdx-quote" && $0["expect"]?["strict_policy"] == "accept" }.map { item in
      func file(_ path: JSONValue?) throws -> [UInt8] {
        try VectorStore.read("cpu/" + (try #require(path?.stringValue)))
      }
      let parts = ["tcb_info", "qe_identity", "pck_crl", "root_crl", "tcb_signing_cert"]
      return RealQuote(
        id: try #require(item["id"]?.stringValue), quote: try file(item["quote"]),
        endorsements: Endorsements(recognising: try parts.map { try file(item["collateral"]?[$0]) }),
        time: Timestamp(seconds: try #require(item["verification_time"]?.integer(Int64.self))))
    }
  }
}
