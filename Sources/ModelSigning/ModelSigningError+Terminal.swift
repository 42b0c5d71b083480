import Cryptography
package import Terminal

extension ModelSigningError {
  /// The product's exit code of the refusal.
  package var exit: ExitCode {
    switch self {
    case .malformed, .unsupported: .malformed
    case .otherMaterial, .otherKey, .signature, .usage, .otherSigner, .inconsistent: .invalid
    case .chain(.expired), .chain(.notYetValid): .stale
    case .chain: .invalid
    case .fileChanged, .fileMissing, .fileRenamed, .fileUnsigned: .integrity
    }
  }
}
