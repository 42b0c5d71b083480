package import Bytes

/// Why a KBS message was refused. Holds nothing that the peer wrote.
package enum KBSProtocolError: Error, Equatable, Sendable {
  case malformed(ParseError)
  case unsupportedVersion
  case unsupportedTEE
  case unsupportedHashAlgorithm
  case unsupportedInitDataFormat
  case unsupportedInitDataAlgorithm
  /// The TEE key is not one of the forms of the protocol, or not a key at all.
  case badTEEKey
  case nonceMismatch
  case badResourcePath
  /// The cookie names a sealing key that is not held.
  case unknownCookieKey
  case badCookie
  case badToken
  case tokenExpired
  case tokenTooLong

  /// Stable, fit for logs, metrics and the peer.
  package var code: String {
    switch self {
    case .malformed: "malformed"
    case .unsupportedVersion: "unsupportedVersion"
    case .unsupportedTEE: "unsupportedTEE"
    case .unsupportedHashAlgorithm: "unsupportedHashAlgorithm"
    case .unsupportedInitDataFormat: "unsupportedInitDataFormat"
    case .unsupportedInitDataAlgorithm: "unsupportedInitDataAlgorithm"
    case .badTEEKey: "badTEEKey"
    case .nonceMismatch: "nonceMismatch"
    case .badResourcePath: "badResourcePath"
    case .unknownCookieKey: "unknownCookieKey"
    case .badCookie: "badCookie"
    case .badToken: "badToken"
    case .tokenExpired: "tokenExpired"
    case .tokenTooLong: "tokenTooLong"
    }
  }

  /// One sentence for the peer, from this table alone.
  package var sentence: String {
    switch self {
    case .malformed(let error): "malformed message: \(error.field) \(error.reason.rawValue)"
    case .unsupportedVersion: "unsupported protocol version; accepted: \(ProtocolVersion.acceptedList)"
    case .unsupportedTEE: "unsupported tee; known: \(TEEName.knownList)"
    case .unsupportedHashAlgorithm: "unsupported hash algorithm; supported: sha256, sha384, sha512"
    case .unsupportedInitDataFormat: "unsupported init-data format; accepted: toml"
    case .unsupportedInitDataAlgorithm: "unsupported init-data algorithm; accepted: sha256, sha384, sha512"
    case .badTEEKey: "tee-pubkey is not an EC P-256, EC P-521 or RSA key in its exact form"
    case .nonceMismatch: "the nonce is not the one of this session"
    case .badResourcePath: "a resource path is repository/type/tag"
    case .unknownCookieKey, .badCookie: "the session is unknown or over"
    case .badToken: "the token is not valid"
    case .tokenExpired: "the token has expired"
    case .tokenTooLong: "the token would be too long"
    }
  }
}

/// Runs a parser of bytes and gives its error this module's type.
func parsing<R>(_ body: () throws(ParseError) -> R) throws(KBSProtocolError) -> R {
  do throws(ParseError) { return try body() } catch { throw .malformed(error) }
}
