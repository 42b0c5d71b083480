package import Bytes

/// A judged platform: which bundles it satisfies, or why none. Judged against the reference values of `epoch`.
package struct AttestationResult: Equatable, Sendable {
  package enum Verdict: Equatable, Sendable {
    /// The bundles that it satisfies, sorted; never empty.
    case accepted(bundles: [String])
    case refused(Denial)
  }

  package let verdict: Verdict
  package let isSimulated: Bool
  package let epoch: UInt64
  /// Digest of the reference values.
  package let valuesDigest: [UInt8]
  package let at: Timestamp
  /// SHA-256 of the canonical claims.
  package let claimsDigest: [UInt8]
  /// The verified claims, as their verifier writes them.
  package let claims: JSONValue
  let facts: Facts

  package var isAccepted: Bool { if case .accepted = verdict { true } else { false } }
}

/// Why nothing was accepted: the differences to each bundle, those of the nearest one first.
package struct Denial: Equatable, Sendable {
  /// More differences than this are not kept.
  package static let mismatchLimit = 64

  /// The bundle with the fewest differences; the first by name among equals.
  package let nearest: String?
  package let mismatches: [Mismatch]

  init(nearest: String?, mismatches: [Mismatch]) {
    self.nearest = nearest
    self.mismatches = Array(mismatches.prefix(Self.mismatchLimit))
  }

  /// The differences to the nearest bundle, and those that are about no bundle.
  package var nearestMismatches: [Mismatch] { mismatches.filter { $0.bundle == nil || $0.bundle == nearest } }

  /// The distinct codes of `nearestMismatches`, in order: the reasons of the decision's leaf.
  package var codes: [String] {
    var codes: [String] = []
    for mismatch in nearestMismatches where !codes.contains(mismatch.code.rawValue) {
      codes.append(mismatch.code.rawValue)
    }
    return codes
  }
}
