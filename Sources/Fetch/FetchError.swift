/// Why no answer could be had. An answer with any status at all is not an error.
package enum FetchError: String, Error, Equatable, Sendable, CaseIterable {
  /// Not an https URL (or http, where that is allowed), or with a user name or characters that no URL has.
  case badURL
  /// A method, field or range that cannot be sent as it is.
  case badRequest
  case unresolved
  case unreachable
  case timeout
  /// The connection ended before the answer did.
  case interrupted
  /// The handshake failed for another reason than distrust.
  case tlsFailed
  /// The server's certificate does not lead to the authorities, is for another name, or has not the pinned key.
  case tlsUntrusted
  /// Our own authorities, certificate or key cannot be used.
  case tlsMisconfigured
  case tooLarge
  /// What came back is not HTTP.
  case badReply
  case cancelled
  case outOfResources
  case failed

  /// Stable, for logs and metrics.
  package var code: String { rawValue }

  /// Whether the same request may succeed later without anybody changing anything.
  package var isRetryable: Bool {
    switch self {
    case .unresolved, .unreachable, .timeout, .interrupted, .tlsFailed, .outOfResources, .failed: true
    case .badURL, .badRequest, .tlsUntrusted, .tlsMisconfigured, .tooLarge, .badReply, .cancelled: false
    }
  }
}
