import Bytes
import CEvidence

/// One TDX quote: well-formed, unverified.
///
/// Shape: version 4 or 5, a TD report of type 2, 3 or 4, an ECDSA P-256 attestation key, the quoting enclave's report and
/// the platform's certificates in PEM. Padding of zeros behind it is dropped, so that one quote has one text.
/// Spec: Intel TDX DCAP Quote Generation Library, TD Quote.
package struct TDXQuote: Sendable, Equatable {
  /// Without padding.
  package let bytes: [UInt8]
  /// Zeros that followed.
  package let paddingCount: Int
  package let version: UInt16
  /// Whose quoting enclave this is; Intel's is `intelVendorID`.
  package let vendorID: [UInt8]
  /// 20 bytes; the first 16 identify the platform to its quoting enclave. Informational.
  package let userData: [UInt8]
  package let body: TDReport
  /// r ‖ s over `signedBytes`, by `attestationKey`.
  package let signature: [UInt8]
  /// x ‖ y on P-256, big-endian.
  package let attestationKey: [UInt8]
  package let enclave: EnclaveReport
  /// r ‖ s over `enclave.bytes`, by the platform's certified key.
  package let enclaveSignature: [UInt8]
  package let authenticationData: [UInt8]
  /// PEM: the platform's certificate, its issuer, and a root that nobody asks.
  package let certificationData: [UInt8]
  private let signedCount: Int

  package static let limitBytes = Int(TDX_QUOTE_LIMIT_SIZE)

  /// 939A7233-F79C-4CA9-940A-0DB3957F0607
  package static let intelVendorID: [UInt8] = [
    0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07,
  ]

  /// - Throws: `EvidenceError.malformed` naming the field, `.unsupportedQuote` for a layout that is known by name only.
  package init(_ input: [UInt8]) throws(EvidenceError) {
    var found = tdx_quote()
    let refusal = unsafe input.withUnsafeBufferPointer {
      unsafe tdx_quote_find($0.baseAddress, $0.count, &found)
    }
    if let error = EvidenceError(refusal, found) { throw error }
    if let error = EvidenceError(certificationType: found.certification_type) { throw error }
    guard found.body_type != 4 else { throw .unsupportedQuote(.partitionedBody) }
    let slice = Slicer(bytes: input)
    bytes = Array(input[..<Int(found.end)])
    paddingCount = input.count - Int(found.end)
    version = found.version
    vendorID = slice(found.vendor_id)
    userData = slice(found.user_data)
    body = TDReport(found.body, type: found.body_type, slice)
    signedCount = Int(found.signed_bytes.length)
    signature = slice(found.signature)
    attestationKey = slice(found.attestation_key)
    enclave = EnclaveReport(found.enclave, slice)
    enclaveSignature = slice(found.enclave_signature)
    authenticationData = slice(found.authentication_data)
    certificationData = slice(found.certification_data)
    guard certificationData.starts(with: "-----BEGIN CERTIFICATE-----".utf8) else {
      throw .malformed("quote.certificationData", .unexpected)
    }
  }

  /// What the attestation key signs: header, descriptor and body as received.
  package var signedBytes: ArraySlice<UInt8> { bytes[..<signedCount] }

  package static func == (left: Self, right: Self) -> Bool {
    left.bytes == right.bytes && left.paddingCount == right.paddingCount
  }
}

/// Copies ranges that the C door found out of the bytes it was given.
struct Slicer {
  let bytes: [UInt8]

  func callAsFunction(_ range: evidence_range) -> [UInt8] {
    Array(bytes[Int(range.offset)..<Int(range.offset) + Int(range.length)])
  }
}

extension EvidenceError {
  /// The error of a refusal of the C door; `nil` for none.
  fileprivate init?(_ refusal: tdx_quote_refusal, _ found: tdx_quote) {
    switch refusal {
    case TDX_QUOTE_OK: return nil
    case TDX_QUOTE_SGX: self = .unsupportedQuote(.enclave)
    case TDX_QUOTE_VERSION: self = .unsupportedQuote(.version(found.version))
    case TDX_QUOTE_KEY_TYPE: self = .unsupportedQuote(.keyType(found.key_type))
    case TDX_QUOTE_TEE_TYPE: self = .malformed("quote.teeType", .unexpected)
    case TDX_QUOTE_BODY_TYPE: self = .unsupportedQuote(.bodyType(found.body_type))
    case TDX_QUOTE_BODY_SIZE: self = .malformed("quote.bodySize", .outOfRange)
    case TDX_QUOTE_SIGNATURE_DATA: self = .malformed("quote.signatureData", .outOfRange)
    case TDX_QUOTE_OUTER_TYPE: self = .malformed("quote.certification.type", .unexpected)
    case TDX_QUOTE_OUTER_SIZE: self = .malformed("quote.certification.size", .outOfRange)
    case TDX_QUOTE_AUTHENTICATION_SIZE: self = .malformed("quote.authenticationData", .outOfRange)
    case TDX_QUOTE_INNER_SIZE: self = .malformed("quote.certificationData", .outOfRange)
    case TDX_QUOTE_TRAILING: self = .malformed("quote", .trailing)
    default: self = .malformed("quote", .outOfRange)
    }
  }

  /// Type 5 alone carries the certificates; 1 to 4 leave them to be fetched.
  fileprivate init?(certificationType type: UInt16) {
    switch type {
    case 5: return nil
    case 1...4: self = .unsupportedQuote(.certificatesNotEmbedded(type))
    default: self = .malformed("quote.certificationData.type", .unexpected)
    }
  }
}
