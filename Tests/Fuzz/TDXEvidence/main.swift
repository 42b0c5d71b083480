import Bytes
import Evidence
import FuzzDriver
import Verification

// Quotes raw and in the protocol's JSON, and event logs: what is read is its own bytes without the padding, and reads
// the same again. The certificates that a quote carries are followed as far as they lead without a revocation list, which
// is nowhere.
fuzz { input in
  if let quote = try? TDXQuote(input) {
    precondition(quote.bytes + [UInt8](repeating: 0, count: quote.paddingCount) == input, "not its own bytes")
    precondition(quote.bytes.starts(with: quote.signedBytes), "signed bytes are not the quote's first")
    precondition((try? TDXQuote(quote.bytes))?.body == quote.body, "without padding, the body differs")
    let json = TDXEvidence.kbsJSON(quote: input)
    precondition((try? TDXEvidence(kbsJSON: json))?.quote == quote, "in JSON, the quote differs")
    let platform = provePlatform(of: quote, with: .none, anchors: .builtIn, at: Timestamp(seconds: 1_750_000_000))
    precondition(platform == nil, "a platform is proved without a revocation list")
  }
  if let log = try? MeasurementLog(input) {
    precondition(log.events.allSatisfy { $0.register == nil || $0.digest.count == 48 }, "an extension without digest")
    precondition(log.events.count <= input.count / 16, "more events than bytes")
  }
  if let value = try? StrictJSON.parse(input, limits: .evidence) { _ = try? TDXEvidence(kbsJSON: value) }
  _ = try? UnverifiedEvidence.parse(bytes: input, tee: .tdx)
}
