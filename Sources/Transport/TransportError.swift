/// Why a server could not be made or had to stop.
package enum TransportError: Error, Equatable, Sendable {
  /// The address could not be bound; `errno` is the system's reason.
  case cannotListen(errno: Int32)
  /// No thread, descriptor or memory could be had.
  case outOfResources(errno: Int32)
  case alreadyRun
  case noServerName
  case tlsCertificateMalformed
  case tlsChainBroken
  case tlsKeyMalformed
  case tlsKeyWeak
  case tlsKeyMismatch
  case tlsNotYetValid
  case tlsExpired
  case tlsUnavailable
  /// `reload` on a server that speaks plain HTTP.
  case tlsNotInUse

  /// Stable, for logs and metrics.
  package var code: String {
    switch self {
    case .cannotListen: "cannotListen"
    case .outOfResources: "outOfResources"
    case .alreadyRun: "alreadyRun"
    case .noServerName: "noServerName"
    case .tlsCertificateMalformed: "tlsCertificateMalformed"
    case .tlsChainBroken: "tlsChainBroken"
    case .tlsKeyMalformed: "tlsKeyMalformed"
    case .tlsKeyWeak: "tlsKeyWeak"
    case .tlsKeyMismatch: "tlsKeyMismatch"
    case .tlsNotYetValid: "tlsNotYetValid"
    case .tlsExpired: "tlsExpired"
    case .tlsUnavailable: "tlsUnavailable"
    case .tlsNotInUse: "tlsNotInUse"
    }
  }
}
