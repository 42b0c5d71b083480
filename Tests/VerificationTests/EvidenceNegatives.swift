import Bytes
import Cryptography
import Evidence
import SimulatedTEE
import TestSupport
import Testing

@testable import Verification

/// Forgeries by generation: every field of every structure of evidence, changed in every way that costs a forger nothing,
/// over simulated and real evidence. None is accepted, and each is refused for its own reason.
///
/// The numbers are floors: certificates of elliptic curves differ by a few bytes from run to run.
@Suite struct EvidenceNegatives {
  /// How many forgeries each structure is good for, at least.
  enum Floor {
    static let report = 2_550, realReport = 1_000, certificateTable = 4_000, reportJSON = 400
    static let quote = 8_000, realQuote = 2_000, collateralFile = 400, eventLog = 900, document = 250
  }

  /// Over simulated evidence alone, which needs no file from elsewhere.
  @Test func thereAreTensOfThousands() {
    let snp = Self.snpGuests.count * Floor.report + Floor.certificateTable + Floor.reportJSON
    let tdx = Self.tdxGuests.count * Floor.quote + 5 * Floor.collateralFile + Floor.eventLog + Floor.document
    print("forgeries: at least \(snp + tdx) over simulated evidence")
    #expect(snp + tdx >= 36_000)
  }

  /// What a verifier is told beside the evidence.
  struct Setting {
    var tee: TEE
    var endorsements = Endorsements.none
    var reportData = sessionData
    var anchors = simulatedAnchors
    var time = now

    /// What the evidence is refused with; `nil` when it is accepted.
    func code(_ bytes: [UInt8]) -> Refusal.Code? {
      let evidence: UnverifiedEvidence
      do throws(EvidenceError) {
        evidence = try UnverifiedEvidence.parse(bytes: bytes, tee: tee)
      } catch { return Refusal(error).code }
      return code(evidence)
    }

    func code(_ evidence: UnverifiedEvidence) -> Refusal.Code? {
      verify(evidence, with: endorsements, binding: Binding(reportData: reportData), anchors: anchors, at: time)
        .refusal?.code
    }
  }

  /// Runs every forgery of one text.
  func tally(_ mutator: Mutator, _ setting: Setting) -> Tally {
    var tally = Tally()
    mutator.forEach { name, bytes, codes in tally.add(name, setting.code(bytes), codes) }
    return tally
  }

  /// Runs every forgery of one JSON document. What is read as the very same evidence (a member that may be absent, an
  /// unknown one) is no forgery and does not count.
  func tally(_ json: JSONValue, _ setting: Setting, _ codes: Set<Refusal.Code>) throws -> Tally {
    let original = try UnverifiedEvidence.parse(tee: setting.tee, kbsJSON: json)
    var tally = Tally()
    JSONMutator(json).forEach { name, text in
      guard (try? UnverifiedEvidence.parse(bytes: text, tee: setting.tee)) != original else { return }
      tally.add(name, setting.code(text), codes)
    }
    return tally
  }

  func expect(
    _ tally: Tally, atLeast floor: Int, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    print(
      "forgeries, \(comment): \(tally.count), \(tally.accepted.count) accepted, \(tally.exactCount) with one right code"
    )
    #expect(tally.accepted.prefix(8) == [], comment, sourceLocation: sourceLocation)
    #expect(tally.unexpected.prefix(8) == [], comment, sourceLocation: sourceLocation)
    #expect(tally.count >= floor, comment, sourceLocation: sourceLocation)
  }
}
