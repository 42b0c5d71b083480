import Bytes
import KBSProtocol
import Transport

/// The one table from errors to transport status, protocol name and the sentence a peer may read.
extension BrokerError {
  var answer: (status: Int, name: ErrorBody.Name, detail: String) {
    switch self {
    case .credentialMissing: (401, .tokenNotFound, "Attestation Token not found")
    case .credentialInvalid: (401, .tokenVerifierError, "the session or token is not valid here; attest again")
    case .credentialExpired: (401, .tokenVerifierError, "the session or token is over; attest again")
    case .nonceSpent: (401, .attestationError, "this challenge had its answer; attest again")
    case .nonceMismatch: (401, .attestationError, "the nonce is not the one of this session; attest again")
    case .sessionTEEMismatch:
      (401, .attestationError, "the evidence is not of the TEE that this session was opened for")
    case .versionMismatch: (401, .attestationError, "protocol version mismatch: accepted are 0.4.0 and 0.2.0")
    case .teeUnsupported: (401, .attestationError, "this TEE is not supported; supported: snp, tdx")
    case .malformed(let error): (400, .serdeError, "malformed message: \(error.field) \(error.reason.rawValue)")
    case .unknownRoute: (404, .pluginNotFound, "no such path")
    case .methodNotAllowed: (405, .invalidRequestPath, "the path does not take this method")
    case .resourceUnknown: (404, .pluginInternalError, "no such resource")
    case .resourcePathInvalid: (404, .invalidRequestPath, "a resource path is repository/type/tag")
    case .rateLimited: (429, .attestationError, "too many requests from this address; try again in a second")
    case .queueFull: (503, .attestationError, "too many attestations at once; try again in a second")
    case .leafTooLarge: (500, .attestationError, "the decision cannot be logged; nothing is released")
    case .logUnavailable: (503, .attestationError, "the decision log cannot be written; nothing is released")
    case .storeDamaged: (503, .attestationError, "the store cannot be read; nothing is released")
    case .shuttingDown: (503, .attestationError, "the broker is stopping; try again")
    case .notAuthorised: (401, .adminAuthAccess, "an administrator's client certificate is needed here")
    case .roleMissing: (403, .adminAuthAccess, "this administrator's certificate is of another role")
    case .statementRefused: (403, .rvpsError, "the statement was refused")
    case .bundleUnknown: (404, .rvpsError, "no active reference bundle of that name")
    case .resourceBound: (409, .pluginInternalError, "the resource is bound to another reference bundle")
    case .keyTooLarge: (413, .pluginInternalError, "a key has at most 64 KiB")
    case .decisionUnknown: (404, .pluginInternalError, "no such decision")
    case .policyLanguageUnsupported:
      (501, .policyEngineError, "policies are signed release rules here, not Rego: see vouchsafe reference --help")
    case .unsignedReferenceValue:
      (403, .rvpsError, "reference values take effect by signed statement: see vouchsafe reference propose --help")
    }
  }

  func response(decisionID: String? = nil) -> HTTPResponse {
    let (status, name, detail) = answer
    let headers =
      switch status {
      case 429, 503: [("Retry-After", "1")]
      case 405: [("Allow", "GET")]
      default: [(String, String)]()
      }
    return HTTPResponse(
      status: status, headers: headers,
      body: ErrorBody(name, detail: detail, code: code, decisionID: decisionID).encoded(),
      contentType: "application/json")
  }
}

extension KBSProtocolError {
  /// What a message error means to the handshake.
  var brokerError: BrokerError {
    switch self {
    case .malformed(let error): .malformed(error)
    case .unsupportedVersion: .versionMismatch
    case .nonceMismatch: .nonceMismatch
    case .badResourcePath: .resourcePathInvalid
    case .badCookie, .unknownCookieKey, .badToken, .tokenTooLong: .credentialInvalid
    case .tokenExpired: .credentialExpired
    case .unsupportedTEE: .teeUnsupported
    case .badTEEKey: .malformed(ParseError("runtime-data.tee-pubkey", .unexpected))
    case .unsupportedHashAlgorithm: .malformed(ParseError("extra-params", .unexpected))
    case .unsupportedInitDataFormat: .malformed(ParseError("init-data.format", .unexpected))
    case .unsupportedInitDataAlgorithm: .malformed(ParseError("init-data.algorithm", .unexpected))
    }
  }
}
