import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import Verification

/// All that is needed to judge an attestation again, years later: a content-addressed canonical JSON document. Holds
/// hardware ids, so it is for auditors; leaves name it by digest. Spec: reliability §2.5.
struct EvidenceRecord: Sendable {
  let session: Session
  /// The body of `/attest` as it came.
  let request: [UInt8]
  let initData: String?
  /// What the proof rests on.
  let basis: ProofBasis
  /// Where carriers were fetched from, by their digests.
  let origins: [[UInt8]: EndorsementStore.Origin]
  /// The oldest evaluations that counted.
  let floors: EvaluationFloors
  let registry: RegistryPosition
  let references: ReferenceRecord
  /// SHA-256 of the stored document of extra anchors, when there are any.
  let extraAnchors: [UInt8]?
  let verifiedAt: Timestamp
  let verifierBuild: String
  /// `AttestationResult.record`.
  let verdict: JSONValue

  /// The carriers as blobs of their own: the same intermediate is stored once.
  var blobs: [[UInt8]] { basis.artefacts.map(\.bytes) }

  var encoded: [UInt8] {
    CanonicalJSON.encode(
      .object([
        ("v", 1), ("tee", .string(session.tee.rawValue)), ("kbs_version", .string(session.version.rawValue)),
        ("challenge", .string(session.challenge.nonce)), ("request", .string(Base64.encode(request))),
        ("init_data", initData.map { .string($0) } ?? .null), ("collateral", .array(basis.artefacts.map(entry))),
        ("anchors", extraAnchors.map { .string(Hex.encode($0)) } ?? .null), ("floors", floors.json),
        ("registry", registry.json), ("refvalues", .string(Hex.encode(references.digest))),
        ("policy", .string(Hex.encode(references.policyDigest))),
        ("advisories", references.advisoriesDigest.map { .string(Hex.encode($0)) } ?? .null),
        ("verified_at", .string(verifiedAt.rfc3339Milliseconds)), ("verifier_version", .string(verifierBuild)),
        ("verdict", verdict),
      ]))
  }

  /// Where a carrier came from is not known of what an operator supplied.
  private func entry(_ artefact: ProofBasis.Artefact) -> JSONValue {
    let digest = Hash.sha256.digest(artefact.bytes)
    let origin = origins[digest]
    return .object([
      ("kind", .string(artefact.kind)), ("url", origin.map { .string($0.url) } ?? .null),
      ("fetched_at", origin.map { .string($0.fetchedAt.rfc3339) } ?? .null), ("sha256", .string(Hex.encode(digest))),
    ])
  }
}

extension EvaluationFloors {
  /// The floors that concern one platform.
  func concerning(_ claims: Claims) -> EvaluationFloors {
    guard let fmspc = claims.tdx?.platform.fmspc else { return .none }
    return EvaluationFloors(minimum: minimum, seen: seen.filter { $0.key == fmspc })
  }

  fileprivate var json: JSONValue {
    let families = seen.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return .object([
      ("minimum", .int(minimum)),
      ("seen", .object(families.map { (Hex.encode($0.key), JSONValue.int($0.value)) })),
    ])
  }
}
