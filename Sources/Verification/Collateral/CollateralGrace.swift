package import Bytes
package import Evidence

/// Leave to go on, for a while, with a vendor's documents and lists that have run out, because newer ones cannot be had.
/// Whose leave it is, is for the caller to have checked.
///
/// They are judged as of a moment at which they held. Nothing else is lifted: certificates must hold now as well, what is
/// older than what was seen stays refused, and every signature counts as ever.
package struct CollateralGrace: Sendable, Equatable {
  package enum Vendor: String, Sendable, CaseIterable {
    case intel, amd

    fileprivate func makes(_ tee: TEE) -> Bool {
      switch self {
      case .intel: tee == .tdx
      case .amd: tee == .snp
      }
    }
  }

  package let vendor: Vendor
  package let asOf: Timestamp
  /// Not included.
  package let until: Timestamp

  package init(vendor: Vendor, asOf: Timestamp, until: Timestamp) {
    self.vendor = vendor
    self.asOf = asOf
    self.until = until
  }

  package func isInForce(at now: Timestamp) -> Bool { asOf < now && now < until }

  /// In force for what the vendor of that technology signs.
  package func covers(_ tee: TEE, at now: Timestamp) -> Bool { vendor.makes(tee) && isInForce(at: now) }
}

extension Refusal.Code {
  /// Nothing was wrong but that a document or a list has run out. What comes before that in an examination holds now.
  var isEndOfCollateral: Bool { self == .collateralExpired || self == .revocationListExpired }
}

/// The verdict at `now`; of evidence that only the end of its collateral refuses, the verdict as of the moment that a grace
/// names.
func withGraces(
  _ graces: [CollateralGrace], for tee: TEE, at now: Timestamp, judge: (Timestamp) -> Result<Claims, Refusal>
) -> Result<Claims, Refusal> {
  let verdict = judge(now)
  guard case .failure(let refusal) = verdict, refusal.code.isEndOfCollateral,
    let grace = graces.first(where: { $0.covers(tee, at: now) }), case .success(let claims) = judge(grace.asOf),
    claims.basis.certificates.allSatisfy({ $0.isValid(at: now) })
  else { return verdict }
  return .success(claims.graced(asOf: grace.asOf))
}
