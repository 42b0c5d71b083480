package import Bytes

/// A TDX quote and the event log that came with it: well-formed, unverified.
package struct TDXEvidence: Sendable, Equatable {
  package let quote: TDXQuote
  package let eventLog: MeasurementLog?

  package init(quote: TDXQuote, eventLog: MeasurementLog? = nil) {
    self.quote = quote
    self.eventLog = eventLog
  }

  /// Reads a raw quote, with or without padding.
  package init(raw bytes: [UInt8]) throws(EvidenceError) { self.init(quote: try TDXQuote(bytes)) }

  /// Reads the KBS evidence of `tdx`: the quote, and the guest's event log if it has one. The text form of the log that
  /// older guests send beside it is not read.
  ///
  /// Spec: KBS protocol, evidence `tdx`.
  package init(kbsJSON value: JSONValue) throws(EvidenceError) {
    let quote: [UInt8]
    let log: [UInt8]?
    do throws(ParseError) {
      var reader = try JSONReader(value, "")
      quote = try Self.decode(try reader.value("quote"), "quote")
      let text = reader.optionalValue("cc_eventlog") ?? .null
      log = text.isNull ? nil : try Self.decode(text, "cc_eventlog")
    } catch { throw .malformed(error) }
    self.init(
      quote: try TDXQuote(quote), eventLog: try log.map { bytes throws(EvidenceError) in try MeasurementLog(bytes) })
  }

  private static func decode(_ value: JSONValue, _ field: StaticString) throws(ParseError) -> [UInt8] {
    guard let text = value.stringValue else { throw ParseError(field, .wrongType) }
    return try Base64.decode(text, padding: .optional, field)
  }

  /// The JSON that guests send.
  package static func kbsJSON(quote: [UInt8], eventLog: [UInt8]? = nil) -> JSONValue {
    .object([
      ("quote", .string(Base64.encode(quote))),
      ("cc_eventlog", eventLog.map { .string(Base64.encode($0)) } ?? .null), ("aa_eventlog", .null),
    ])
  }
}
