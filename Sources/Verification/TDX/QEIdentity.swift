import Bytes

/// Which enclave may make quotes of trust domains, as a QE identity states it: who vouches for it is decided elsewhere.
///
/// Shape: JSON, id `TD_QE`, version 2. Spec: Intel PCS API v4, TDX quoting enclave identity.
struct QEIdentity: Sendable, Equatable {
  let issueDate: Timestamp
  let nextUpdate: Timestamp
  let evaluationNumber: UInt32
  /// 4 bytes each, in the order of the report.
  let miscSelect: [UInt8]
  let miscSelectMask: [UInt8]
  /// 16 bytes each, in the order of the report.
  let attributes: [UInt8]
  let attributesMask: [UInt8]
  let mrSigner: [UInt8]
  let isvProdID: UInt16
  /// The best first.
  let levels: [SVNLevel]
  /// Paths of members that nobody here knows; signed, and without any effect.
  let unknownMembers: [String]

  /// - Throws: `ParseError` for anything but the JSON of a TD_QE identity of version 2.
  init(parsing element: JSONElement) throws(ParseError) {
    let fields = try JSONFields(element, "enclaveIdentity")
    guard try fields.string("id") == "TD_QE" else { throw ParseError("enclaveIdentity.id", .unexpected) }
    guard try fields.integer("version", as: Int.self) == 2 else {
      throw ParseError("enclaveIdentity.version", .unexpected)
    }
    issueDate = try fields.timestamp("issueDate")
    nextUpdate = try fields.timestamp("nextUpdate")
    evaluationNumber = try fields.integer("tcbEvaluationDataNumber")
    miscSelect = try fields.hex("miscselect", count: 4)
    miscSelectMask = try fields.hex("miscselectMask", count: 4)
    attributes = try fields.hex("attributes", count: 16)
    attributesMask = try fields.hex("attributesMask", count: 16)
    mrSigner = try fields.hex("mrsigner", count: 32)
    isvProdID = try fields.integer("isvprodid")
    levels = try SVNLevel.list(fields)
    unknownMembers = JSONForm.identity.others(in: element)
  }
}
