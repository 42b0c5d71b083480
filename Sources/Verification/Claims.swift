package import Bytes
package import Evidence

/// What proved evidence says. Made by `verify` only: holding one means that every check passed.
package struct Claims: Sendable, Equatable {
  package let tee: TEE
  /// Proved under an anchor that the operator added, not under a vendor's.
  package let simulated: Bool
  package let snp: SNPClaims

  init(tee: TEE, simulated: Bool, snp: SNPClaims) {
    self.tee = tee
    self.simulated = simulated
    self.snp = snp
  }

  /// The `claims` of results and of evidence bundles. 64-bit integers are hexadecimal text.
  package var json: JSONValue {
    .object([("tee", .string(tee.rawValue)), ("simulated", .bool(simulated))] + snp.members)
  }
}
