import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import TransparencyLog

/// A key on its way to the pod: encrypted to the TEE key inside the claims, with the proof that its decision is logged.
struct Released: Sendable {
  let body: [UInt8]
  let logProof: [UInt8]
  /// The salt of the resource's name in the logged decision, where this log commits to names.
  let logOpening: [UInt8]?
}

extension KeyBroker {
  /// From an attested session and a path to a key. The decision is made anew on the registry as it is now, and stands in
  /// the log before the key is unwrapped.
  ///
  /// - Throws: `BrokerError` where nothing was judged, `Denied` for a refusal.
  func release(_ path: ResourcePath, to session: AttestedSession) async throws -> Released {
    let permitted = try await registry.gate.reading { [self] () -> PermittedRelease in
      let now = clock()
      let snapshot = await registry.snapshot
      guard let record = snapshot.keys[path] else { throw BrokerError.resourceUnknown }
      let judgement = snapshot.judge(record, for: session.result, at: now)
      let scope = DecisionScope.release(record, attestation: session.logIndex)
      let committed = try await commit(judgement, scope, session.subject, snapshot, at: now)
      guard judgement.allows else {
        throw Denied(reason: .policy(code: judgement.primaryCode), decisionID: committed.decisionID)
      }
      let allowing = AllowingLeaf(resource: path, version: record.version, bytes: committed.leaf)
      return PermittedRelease(
        permit: try ReleasePermit(for: record, leaf: allowing, receipt: committed.receipt),
        opening: committed.resourceSalt)
    }
    let (proof, opening) = (permitted.permit.receipt.tlogProof, permitted.opening)
    let key = try vault.open(under: permitted.permit)
    return Released(body: try JWE.encrypt(key, to: session.teeKey), logProof: proof, logOpening: opening)
  }
}

/// A permit on its way out of the registry's gate.
private struct PermittedRelease: ~Copyable, Sendable {
  let permit: ReleasePermit
  let opening: [UInt8]?
}
