package import Terminal

extension WeightsError {
  /// The product's exit code of the refusal.
  package var exit: ExitCode {
    switch self {
    case .malformed, .path, .tooLarge, .header, .weightsHeader: .malformed
    case .signature: .invalid
    case .code: .refused
    case .storage: .unavailable
    case .manifestMismatch, .wrongModel, .wrongBase, .wrongKey, .ciphertextSize, .segment, .digest: .integrity
    }
  }
}
