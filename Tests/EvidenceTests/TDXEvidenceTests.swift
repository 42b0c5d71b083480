import Bytes
import Evidence
import SimulatedTEE
import TestSupport
import Testing

/// How quotes come: raw, as text, and in the protocol's JSON.
@Suite struct TDXEvidenceTests {
  private let guest: SimulatedTDX = {
    var guest = SimulatedTDX(issuedAt: 1_795_000_000)
    guest.measure(.booted)
    return guest
  }()
  private let data = [UInt8](0..<64)

  @Test func aQuoteIsRecognisedInEveryForm() throws {
    for version: UInt16 in [4, 5] {
      var guest = guest
      if version == 5 { guest.useVersion5() }
      let quote = guest.quote(reportData: data)
      let expected = UnverifiedEvidence.tdx(try TDXEvidence(raw: quote))
      let forms: [[UInt8]] = [quote, Array(Hex.encode(quote).utf8), Array((Base64.encode(quote) + "\n").utf8)]
      for form in forms { #expect(try UnverifiedEvidence.detect(bytes: form) == expected) }
      #expect(expected.tee == .tdx)
    }
  }

  @Test func theProtocolsJSONIsRead() throws {
    let json = guest.kbsEvidence(reportData: data)
    let evidence = try TDXEvidence(kbsJSON: json)
    #expect(evidence.quote.body.reportData == data)
    #expect(evidence.eventLog?.events.count == SimulatedEventLog.booted.events.count)
    #expect(try UnverifiedEvidence.detect(bytes: CanonicalJSON.encode(json)) == .tdx(evidence))
    #expect(try UnverifiedEvidence.parse(tee: .tdx, kbsJSON: json) == .tdx(evidence))
    let quote = evidence.quote.bytes
    #expect(try TDXEvidence(kbsJSON: TDXEvidence.kbsJSON(quote: quote)).eventLog == nil)
    #expect(try TDXEvidence(kbsJSON: ["quote": .string(Base64.encode(quote))]).eventLog == nil)
    let older = TDXEvidence.kbsJSON(quote: quote).objectValue
    var object = try #require(older)
    object["aa_eventlog"] = "INIT sha384/00"
    #expect(try TDXEvidence(kbsJSON: .object(object)).quote.bytes == quote)
  }

  @Test func otherJSONIsRefused() throws {
    let quote = JSONValue.string(Base64.encode(guest.quote(reportData: data)))
    let wrong: [(JSONValue, String)] = [
      ([:], "quote"), (["quote": 1], "quote"), (["quote": "*"], "quote"), (["quote": ""], "quote"),
      (["quote": quote, "cc_eventlog": 1], "cc_eventlog"), (["quote": quote, "cc_eventlog": "*"], "cc_eventlog"),
      (["quote": quote, "cc_eventlog": ""], "eventLog.event"),
      (["quote": quote, "cc_eventlog": "AAAA"], "eventLog.event"),
      ([], ""),
    ]
    for (value, field) in wrong {
      do throws(EvidenceError) {
        _ = try TDXEvidence(kbsJSON: value)
        Issue.record("accepted \(field)")
      } catch {
        guard case .malformed(let problem) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(problem.field == field)
      }
    }
  }

  @Test func anEnclavesQuoteIsNoTrustDomains() throws {
    var enclave = guest
    enclave.version = 3
    enclave.teeType = 0
    let quote = enclave.quote(reportData: data)
    #expect(throws: EvidenceError.unsupportedTEE(.sgx)) { try UnverifiedEvidence.detect(bytes: quote) }
    #expect(throws: EvidenceError.unsupportedQuote(.enclave)) { try UnverifiedEvidence.parse(bytes: quote, tee: .tdx) }
    for version: UInt16 in [3, 6] {
      var other = guest
      other.version = version
      #expect(throws: EvidenceError.unsupportedQuote(.version(version))) {
        try UnverifiedEvidence.detect(bytes: other.quote(reportData: data))
      }
    }
  }

  @Test(.enabled(if: VectorStore.isPresent)) func realEnclaveQuotesAreRefusedByName() throws {
    for name in ["v3_f8b81014b6", "v3_77bcbdfa9c"] {
      let bytes = try VectorStore.read("cpu/sgx/\(name).bin")
      #expect(throws: EvidenceError.unsupportedTEE(.sgx)) { try UnverifiedEvidence.detect(bytes: bytes) }
    }
  }
}
