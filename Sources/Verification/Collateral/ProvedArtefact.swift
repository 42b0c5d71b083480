package import Bytes

/// An artefact that a vendor signed, followed to an anchor by itself, without any evidence. Proved, at any time at which
/// `staleness` is `nil`.
package struct ProvedArtefact: Sendable {
  package let subject: CollateralSubject
  package let anchor: Anchor
  /// The name of who signed it.
  package let signer: String
  /// When it was issued, and when it runs out by its own words.
  package let from: Timestamp
  package let until: Timestamp
  /// When the first thing that proves it runs out.
  package let provedUntil: Timestamp
  /// How new it is.
  package let age: CollateralAge
  /// Every certificate of its proof was looked for on a list of its issuer.
  package let isRevocationChecked: Bool
  /// Why it must not be used at the time it was proved for; `nil` when it may.
  package let staleness: Refusal?
}

/// How new an artefact is among those of its kind.
package enum CollateralAge: Sendable, Equatable {
  /// By the evaluation of the TCB first: a newer evaluation wins whenever it was issued.
  case document(evaluation: UInt32, issued: Timestamp)
  /// `number`: big-endian without leading zeros.
  case revocationList(number: [UInt8], issued: Timestamp)
  case certificate(issued: Timestamp)

  /// Whether taking this one for the other would be a step back. Of different kinds neither is.
  package func isOlder(than other: CollateralAge) -> Bool {
    switch (self, other) {
    case (.document(let evaluation, let issued), .document(let otherEvaluation, let otherIssued)):
      (evaluation, issued) < (otherEvaluation, otherIssued)
    case (.revocationList(let number, let issued), .revocationList(let otherNumber, let otherIssued)):
      Self.isLess(number, otherNumber) || issued < otherIssued
    case (.certificate(let issued), .certificate(let otherIssued)): issued < otherIssued
    default: false
    }
  }

  private static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
  }
}
