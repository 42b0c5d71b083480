import Bytes
import CEvidence

/// What one NVIDIA GPU or switch measured of itself: well-formed, unverified.
///
/// Shape: an SPDM 1.1 request for all measurements, signed, of slot 0, and the answer to it, one behind the other; up to
/// eight zeros may follow and are dropped. Spec: DMTF DSP0274 1.1, GET_MEASUREMENTS and MEASUREMENTS.
package struct DeviceReport: Sendable, Equatable {
  /// Request and answer, without padding.
  package let bytes: [UInt8]
  /// Zeros that followed.
  package let paddingCount: Int
  /// 32 bytes that whoever asked chose; signed with the answer.
  package let nonce: [UInt8]
  /// SHA-384 digests; the first is that of block 1.
  package let measurements: [[UInt8]]
  package let opaque: OpaqueData
  /// r ‖ s on P-384, big-endian, over `signedBytes`.
  package let signature: [UInt8]
  private let signedCount: Int

  /// Version and code of the request.
  static let beginning: [UInt8] = [0x11, 0xE0]
  package static let limitBytes = Int(SPDM_REPORT_LIMIT_SIZE)

  /// - Throws: `EvidenceError.malformed` naming the part.
  package init(_ input: [UInt8]) throws(EvidenceError) {
    var found = spdm_report()
    let refusal = unsafe input.withUnsafeBufferPointer {
      unsafe spdm_report_find($0.baseAddress, $0.count, &found)
    }
    if let error = EvidenceError(refusal) { throw error }
    let slice = Slicer(bytes: input)
    bytes = Array(input[..<Int(found.end)])
    paddingCount = input.count - Int(found.end)
    nonce = slice(found.nonce)
    signature = slice(found.signature)
    signedCount = Int(found.signed_bytes.length)
    measurements = Self.elements(found.measurements, Int(found.block_count), of: evidence_range.self).map { slice($0) }
    let fields = Self.elements(found.fields, Int(found.field_count), of: spdm_field.self)
    opaque = try OpaqueData(fields: fields.map { (type: $0.type, data: slice($0.data)) })
  }

  /// What the device signs, as received.
  package var signedBytes: ArraySlice<UInt8> { bytes[..<signedCount] }

  package static func == (left: Self, right: Self) -> Bool {
    left.bytes == right.bytes && left.paddingCount == right.paddingCount
  }

  /// The first `count` elements of a C array, which Swift sees as a tuple.
  private static func elements<Tuple, Element>(_ tuple: Tuple, _ count: Int, of type: Element.Type) -> [Element] {
    unsafe withUnsafeBytes(of: tuple) { unsafe Array($0.bindMemory(to: type).prefix(count)) }
  }
}

extension EvidenceError {
  /// The error of a refusal of the C door; `nil` for none.
  fileprivate init?(_ refusal: spdm_report_refusal) {
    switch refusal {
    case SPDM_REPORT_OK: return nil
    case SPDM_REPORT_REQUEST: self = .malformed("deviceReport.request", .unexpected)
    case SPDM_REPORT_RESPONSE: self = .malformed("deviceReport.response", .unexpected)
    case SPDM_REPORT_BLOCK_COUNT: self = .malformed("deviceReport.blockCount", .outOfRange)
    case SPDM_REPORT_RECORD_LENGTH: self = .malformed("deviceReport.recordLength", .outOfRange)
    case SPDM_REPORT_BLOCK: self = .malformed("deviceReport.block", .unexpected)
    case SPDM_REPORT_OPAQUE: self = .malformed("deviceReport.opaque", .outOfRange)
    case SPDM_REPORT_OPAQUE_TWICE: self = .malformed("deviceReport.opaque", .duplicate)
    case SPDM_REPORT_OPAQUE_TOO_MANY: self = .malformed("deviceReport.opaque", .tooLong)
    case SPDM_REPORT_SIGNATURE: self = .malformed("deviceReport.signature", .truncated)
    case SPDM_REPORT_TRAILING: self = .malformed("deviceReport", .trailing)
    default: self = .malformed("deviceReport", .truncated)
    }
  }
}
