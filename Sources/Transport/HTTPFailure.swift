/// Why the server itself answered, or refused to answer, a request. Holds nothing of what the peer sent.
package enum HTTPFailure: String, Error, Equatable, Sendable, CaseIterable {
  case lineEndMalformed, requestLineMalformed, targetMalformed, fieldMalformed
  case fieldRepeated, hostMissing, hostMalformed, lengthMalformed, lengthAmbiguous, bodyNotAllowed
  case methodUnsupported, versionUnsupported, transferEncodingUnsupported, contentEncodingUnsupported
  case expectationUnsupported
  case targetTooLong, headTooLarge, tooManyFields, bodyTooLarge
  case hostUnknown
  /// The server holds as many unfinished request bytes as it may.
  case overloaded
  /// The responder did not answer in time.
  case responderTimedOut

  /// The status of RFC 9110 that the peer is told.
  package var status: Int {
    switch self {
    case .lineEndMalformed, .requestLineMalformed, .targetMalformed, .fieldMalformed, .fieldRepeated, .hostMissing,
      .hostMalformed, .lengthMalformed, .lengthAmbiguous, .bodyNotAllowed:
      400
    case .methodUnsupported: 405
    case .bodyTooLarge: 413
    case .targetTooLong: 414
    case .contentEncodingUnsupported: 415
    case .expectationUnsupported: 417
    case .hostUnknown: 421
    case .headTooLarge, .tooManyFields: 431
    case .transferEncodingUnsupported: 501
    case .overloaded, .responderTimedOut: 503
    case .versionUnsupported: 505
    }
  }

  /// Stable, for logs and metrics.
  package var code: String { rawValue }
}
