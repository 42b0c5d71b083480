import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Verification

extension ReferenceValues {
  /// Revocations that stop a platform, whatever the bundle.
  func revocationMismatches(_ facts: Facts) -> [Mismatch] {
    var found: [Mismatch] = []
    if revocations.contains(.everything) {
      found.append(Mismatch(.everythingRevoked, "everything", got: "revoked", wanted: "in force"))
    }
    func revoke(_ scope: RevocationScope, _ code: Mismatch.Code, _ field: String, got: String) {
      guard revocations.contains(scope) else { return }
      found.append(Mismatch(code, field, got: got, wanted: "not revoked"))
    }
    func revoke(_ code: Mismatch.Code, _ field: String, _ value: [UInt8], _ scope: ([UInt8]) -> RevocationScope) {
      revoke(scope(value), code, field, got: Hex.encode(value))
    }
    if let pseudonym = facts.pseudonym { revoke(.platformRevoked, "platform", pseudonym, RevocationScope.platform) }
    switch facts.platform {
    case .snp(let snp):
      revoke(.measurementRevoked, "measurement", snp.measurement, RevocationScope.measurement)
      revoke(.chipRevoked, "chipID", snp.chipID, RevocationScope.chip)
      revoke(.product(snp.product), .productRevoked, "product", got: snp.product.rawValue)
    case .tdx(let tdx):
      revoke(.measurementRevoked, "mrTD", tdx.mrTD, RevocationScope.measurement)
      for (index, value) in tdx.rtmr.enumerated() {
        revoke(.measurementRevoked, "rtmr\(index)", value, RevocationScope.measurement)
      }
      revoke(.chipRevoked, "ppid", tdx.ppid, RevocationScope.chip)
      if let instance = tdx.platformInstanceID {
        revoke(.chipRevoked, "platformInstanceID", instance, RevocationScope.chip)
      }
      revoke(.familyRevoked, "fmspc", tdx.fmspc, RevocationScope.family)
    }
    for (index, key) in (facts.devices?.keyDigests ?? []).enumerated() {
      revoke(.deviceRevoked, "device[\(index)]", key, RevocationScope.device)
    }
    return found
  }

  /// The revocation of a bundle by name, or of this exact version of it.
  func revocationMismatch(of active: ActiveBundle) -> Mismatch? {
    if revocations.contains(.bundle(active.bundle.name)) {
      return Mismatch(.bundleRevoked, "bundle", got: "revoked", wanted: "in force")
    }
    guard revocations.contains(.policy(active.digest)) else { return nil }
    return Mismatch(.policyRevoked, "bundle", got: Hex.encode(active.digest), wanted: "not revoked")
  }

  /// Revocations that stop a key, whatever the platform.
  func revocationMismatch(of resource: ResourcePath, version: UInt64) -> Mismatch? {
    func revoked(_ code: Mismatch.Code, _ got: String) -> Mismatch {
      Mismatch(code, resource.text, got: got, wanted: "in force")
    }
    if revocations.contains(.resource(resource)) { return revoked(.resourceRevoked, "revoked") }
    if revocations.contains(.resourceVersion(resource, version)) {
      return revoked(.resourceRevoked, "version \(version) revoked")
    }
    if revocations.contains(.model(resource.type)) { return revoked(.modelRevoked, "model revoked") }
    if revocations.contains(.tenant(resource.repository)) { return revoked(.tenantRevoked, "tenant revoked") }
    if let rule = rules[resource], revocations.contains(.policy(rule.digest)) {
      return revoked(.policyRevoked, "rule \(Hex.encode(rule.digest)) revoked")
    }
    return nil
  }
}
