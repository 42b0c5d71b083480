import Bytes

/// What every document of Intel states about itself, whatever technology it is for. Unverified.
struct IntelDocumentHeading: Sendable, Equatable {
  let issueDate: Timestamp
  let nextUpdate: Timestamp
  let evaluationNumber: UInt32
  /// Of a TCB info: 6 bytes.
  let fmspc: [UInt8]?

  fileprivate init(_ value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "document")
    issueDate = try reader.timestamp("issueDate")
    nextUpdate = try reader.timestamp("nextUpdate")
    evaluationNumber = try reader.integer("tcbEvaluationDataNumber")
    fmspc = reader.has("fmspc") ? try reader.hex("fmspc", count: 6) : nil
  }
}

extension IntelDocument {
  /// `nil` for a document that cannot be read.
  var heading: IntelDocumentHeading? {
    if case .malformed = content { return nil }
    return (try? StrictJSON.parse(body, limits: Self.limits)).flatMap { try? IntelDocumentHeading($0) }
  }
}
