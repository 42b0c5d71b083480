package import Bytes
package import Evidence

/// What proved evidence says. Made by `verify` only: holding one means that every check passed.
package struct Claims: Sendable, Equatable {
  /// The statements of one technology.
  package enum Platform: Sendable, Equatable {
    case snp(SNPClaims)
    case tdx(TDXClaims)
  }

  /// Proved under an anchor that the operator added, not under a vendor's.
  package let simulated: Bool
  package let platform: Platform
  /// What was needed to prove them beside the evidence. No part of what they say.
  package let basis: ProofBasis

  init(simulated: Bool, platform: Platform, basis: ProofBasis) {
    self.simulated = simulated
    self.platform = platform
    self.basis = basis
  }

  package var tee: TEE {
    switch platform {
    case .snp: .snp
    case .tdx: .tdx
    }
  }

  package var snp: SNPClaims? { if case .snp(let claims) = platform { claims } else { nil } }
  package var tdx: TDXClaims? { if case .tdx(let claims) = platform { claims } else { nil } }

  private var members: [(String, JSONValue)] {
    switch platform {
    case .snp(let claims): claims.members
    case .tdx(let claims): claims.members
    }
  }

  /// The `claims` of results and of evidence bundles. 64-bit integers are hexadecimal text.
  package var json: JSONValue {
    .object([("tee", .string(tee.rawValue)), ("simulated", .bool(simulated))] + members)
  }
}
