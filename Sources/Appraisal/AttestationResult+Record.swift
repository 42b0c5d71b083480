package import Bytes

extension AttestationResult {
  /// The verdict as it is stored with the evidence, and as a replay must give it again byte for byte: the explanation,
  /// the reasons and the full claims. Canonical when encoded so.
  package var record: JSONValue {
    guard var object = Explanation(of: self).json.objectValue else { return .null }
    object["reasons"] = .strings(reasons)
    object["claims"] = claims
    return .object(object)
  }

  /// The codes of a refusal, worst first; empty when it is accepted.
  package var reasons: [String] { if case .refused(let denial) = verdict { denial.codes } else { [] } }
}
