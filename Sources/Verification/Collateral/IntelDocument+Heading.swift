import Bytes

/// What every document of Intel states about itself, whatever technology it is for. Unverified.
struct IntelDocumentHeading: Sendable, Equatable {
  let issueDate: Timestamp
  let nextUpdate: Timestamp
  let evaluationNumber: UInt32
  /// Of a TCB info: 6 bytes.
  let fmspc: [UInt8]?

  fileprivate init(_ element: JSONElement) throws(ParseError) {
    let fields = try JSONFields(element, "document")
    issueDate = try fields.timestamp("issueDate")
    nextUpdate = try fields.timestamp("nextUpdate")
    evaluationNumber = try fields.integer("tcbEvaluationDataNumber")
    fmspc = fields.has("fmspc") ? try fields.hex("fmspc", count: 6) : nil
  }
}

extension IntelDocument {
  /// `nil` for a document that cannot be read.
  var heading: IntelDocumentHeading? {
    if case .malformed = content { return nil }
    return (try? StrictJSON.element(of: body, limits: Self.limits)).flatMap { try? IntelDocumentHeading($0) }
  }
}
