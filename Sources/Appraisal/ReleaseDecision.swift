package import Bytes
package import KBSProtocol

/// Whether a resource may be released to a judged platform. A value: the permit exists only once it is in the log.
package enum ReleaseDecision: Equatable, Sendable {
  /// `bundle` is the first by name of those that both fit the platform and may have the resource.
  case allow(bundle: String)
  case deny(Denial)
}

/// Decides one release, with the values in force now, whatever was in force when the platform was judged. Total.
///
/// - Parameter version: of the key that would leave.
/// - Parameter binding: the bundles the resource was bound to when its key was stored. A rule for the resource replaces it;
///   a bundle's own list of resources restricts both.
package func decide(
  _ resource: ResourcePath, version: UInt64, for result: AttestationResult, boundTo binding: Set<String>,
  values: ReferenceValues, at now: Timestamp
) -> ReleaseDecision {
  if let revoked = values.revocationMismatch(of: resource, version: version) {
    return .deny(Denial(nearest: nil, mismatches: [revoked]))
  }
  let (accepted, denial) = values.match(result.facts, at: now)
  guard !accepted.isEmpty else { return .deny(denial) }
  let rule = values.rules[resource]
  let permitted = rule.map { Set($0.bundles) } ?? binding
  guard !permitted.isEmpty else {
    return .deny(resource, .resourceUnbound, got: "no bundle", wanted: "a rule, or a bundle named with the key")
  }
  if let failure = rule?.condition?.failure(for: result.facts) {
    return .deny(failure.claim, .conditionUnmet, got: failure.got, wanted: failure.wanted)
  }
  let fitting = accepted.filter { permitted.contains($0) }
  let holder = fitting.first { values.bundles[$0]?.bundle.resources?.contains(resource) ?? true }
  if let holder { return .allow(bundle: holder) }
  if let grant = values.brokenGlass(resource, for: result.facts, among: permitted, at: now) {
    return .allow(bundle: grant)
  }
  guard let first = fitting.first else {
    let wanted = permitted.sorted().prefix(4).joined(separator: ", ")
    return .deny(resource, .bundleNotPermitted, got: accepted.prefix(4).joined(separator: ", "), wanted: wanted)
  }
  return .deny(resource, .resourceNotInBundle, got: first, wanted: "a bundle whose resources name it")
}

extension ReleaseDecision {
  fileprivate static func deny(
    _ resource: ResourcePath, _ code: Mismatch.Code, got: String, wanted: String
  ) -> ReleaseDecision {
    .deny(resource.text, code, got: got, wanted: wanted)
  }

  fileprivate static func deny(
    _ field: String, _ code: Mismatch.Code, got: String, wanted: String
  ) -> ReleaseDecision {
    .deny(Denial(nearest: nil, mismatches: [Mismatch(code, field, got: got, wanted: wanted)]))
  }
}
