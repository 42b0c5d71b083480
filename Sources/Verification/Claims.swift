package import Bytes
package import Evidence

/// What an examination proves, as people see it.
protocol ProvedStatement {
  var json: JSONValue { get }
  /// What the built-in strict rule holds against it.
  var strictFindings: [StrictFinding] { get }
}

extension Claims: ProvedStatement {
  var strictFindings: [StrictFinding] { Verification.strictFindings(self) }
}

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
  /// The GPUs and switches that this platform's own evidence covers; `nil` when none came along.
  package let devices: NVIDIAClaims?
  /// The moment as of which collateral was judged that has run out since; `nil` when all of it holds.
  package private(set) var collateralAsOf: Timestamp?

  init(simulated: Bool, platform: Platform, basis: ProofBasis, devices: NVIDIAClaims? = nil) {
    self.simulated = simulated
    self.platform = platform
    self.basis = basis
    self.devices = devices
  }

  func graced(asOf time: Timestamp) -> Claims {
    var copy = self
    copy.collateralAsOf = time
    return copy
  }

  /// With devices whose evidence the platform's covers and which answered the same challenge.
  func covering(_ devices: NVIDIAClaims, basis other: ProofBasis) -> Claims {
    var both = Claims(
      simulated: simulated || devices.simulated, platform: platform, basis: basis.merging(other), devices: devices)
    both.collateralAsOf = collateralAsOf
    return both
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
    let covered: [(String, JSONValue)] = devices.map { [("nvidia", $0.json)] } ?? []
    let graced: [(String, JSONValue)] = collateralAsOf.map { [("collateralAsOf", .string($0.rfc3339))] } ?? []
    return .object([("tee", .string(tee.rawValue)), ("simulated", .bool(simulated))] + members + covered + graced)
  }
}
