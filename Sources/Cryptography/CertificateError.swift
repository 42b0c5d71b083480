/// Why bytes are not a certificate, a revocation list or a PEM file of them.
package enum CertificateError: Error, Equatable, Sendable {
  /// Not one DER structure from the first byte to the last.
  case malformed
  case tooLong
  /// Text that is not PEM, or PEM of something else.
  case notPEM
  /// A PEM file that holds none.
  case empty
  case internalFailure

  package var code: String {
    switch self {
    case .malformed: "certificateMalformed"
    case .tooLong: "certificateTooLong"
    case .notPEM: "notPEM"
    case .empty: "noCertificate"
    case .internalFailure: "internalFailure"
    }
  }

  init(_ error: CryptoError) {
    switch error {
    case .badLength: self = .tooLong
    case .internalFailure: self = .internalFailure
    default: self = .malformed
    }
  }
}
