import Bytes
import Cryptography
import KBSProtocol
import Verification

/// All that is needed to judge an attestation again, years later: a content-addressed JSON document. Holds hardware ids,
/// so it is for auditors; leaves name it by digest.
struct EvidenceRecord: Sendable {
  let session: Session
  /// The body of `/attest` as it came.
  let request: [UInt8]
  let endorsements: Endorsements
  let registry: RegistryPosition
  let references: [UInt8]
  /// SHA-256 of the stored document of extra anchors, when there are any.
  let extraAnchors: [UInt8]?
  let verifiedAt: Timestamp
  let verifierBuild: String
  let claims: JSONValue

  /// The endorsements as blobs of their own: the same intermediate is stored once.
  var blobs: [[UInt8]] {
    endorsements.certificates.map(\.der) + endorsements.revocationLists.map(\.der)
      + endorsements.documents.map(\.pcsBytes)
  }

  var encoded: [UInt8] {
    let certificates = endorsements.certificates.map { Self.entry("certificate", $0.der) }
    let lists = endorsements.revocationLists.map { Self.entry("crl", $0.der) }
    let documents = endorsements.documents.map { Self.entry("document", $0.pcsBytes) }
    return CanonicalJSON.encode(
      .object([
        ("v", 1), ("tee", .string(session.tee.rawValue)), ("kbs_version", .string(session.version.rawValue)),
        ("challenge", .string(session.challenge.nonce)), ("request", .string(Base64.encode(request))),
        ("collateral", .array(certificates + lists + documents)),
        ("anchors", extraAnchors.map { .string(Hex.encode($0)) } ?? .null),
        ("registry", registry.json), ("refvalues", .string(Hex.encode(references))),
        ("verified_at", .string(verifiedAt.rfc3339Milliseconds)), ("verifier", .string(verifierBuild)),
        ("claims", claims),
      ]))
  }

  private static func entry(_ kind: String, _ der: [UInt8]) -> JSONValue {
    .object([("kind", .string(kind)), ("sha256", .string(Hex.encode(Hash.sha256.digest(der))))])
  }
}
