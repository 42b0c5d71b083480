package import Appraisal
import Bytes
import Cryptography
package import Verification

/// A decision made again from what was stored with it, and in what it differs.
package struct Replayed: Sendable {
  package let inputs: RecordedInputs
  /// What the evidence proved, or why it is refused now.
  package let claims: Result<Claims, Refusal>
  /// The appraisal of the attestation; `nil` when the evidence is refused.
  package let result: AttestationResult?
  /// The reference values that the decision itself was made with.
  package let values: ReferenceValues
  /// The verdict in canonical form: of an attestation its record, of a release its explanation.
  package let verdict: [UInt8]
  package let differences: [Difference]
}

/// Makes decisions again. Remembers nothing but the reference values that it read last.
package struct Replayer: Sendable {
  private var restored: [(refvalues: [UInt8], policy: [UInt8], values: ReferenceValues)] = []
  private static let restoredLimit = 4

  package init() {}

  /// Verification, appraisal and, for a release, its rule, with nothing but what the leaf and the record name.
  ///
  /// - Parameter fold: the registry at this place of the log, when the caller has followed it.
  /// - Throws: `MissingBlob`, `ReplayError`; what the source throws.
  package mutating func replay(
    _ leaf: LogLeaf, on fold: RegistryFold? = nil, _ blobs: inout some BlobSource
  ) async throws -> Replayed {
    guard let decision = leaf.decision else { throw ReplayError.notADecision }
    let inputs = try await RecordedInputs(decision.evidence, &blobs)
    let record = inputs.record
    let judgedBy = try await values(record.refvalues, record.policy, fold, &blobs)
    let decidedBy = try await values(decision.refvalues, decision.policy, fold, &blobs)
    let claims = inputs.verified(under: judgedBy)
    let found = fold?.differences(from: leaf, decision) ?? []
    switch claims {
    case .failure(let refusal):
      let refused = Difference(
        "verdict.result", stored: record.verdict["result"], replayed: .string("refused: \(refusal)"))
      return Replayed(
        inputs: inputs, claims: claims, result: nil, values: decidedBy, verdict: [], differences: found + [refused])
    case .success(let proved):
      let result = appraise(proved, pseudonym: Self.pseudonym(leaf), against: judgedBy, at: record.verifiedAt)
      let outcome = DecisionOutcome(leaf, decision, result, decidedBy)
      let facts = LeafFacts(
        claims: proved, record: record, recordDigest: inputs.digest, teePublicKey: inputs.teePublicKey)
      let differences =
        Difference.between(record.verdict, result.record, "verdict")
        + Difference.between(Self.hex(record.advisories), Self.hex(judgedBy.advisories?.digest), "record.advisories")
        + Self.differences(leaf, facts.members)
        + Difference.between(leaf.document["waived"], Self.names(inputs.waivedWalls), "leaf.waived")
        + (proved.collateralAsOf == nil ? Difference.between(leaf.document["collateral_as_of"], nil, "leaf.grace") : [])
        + Self.differences(leaf, outcome.members(record, decision, salt: try await Self.salt(leaf, &blobs)))
        + outcome.attestationDifferences
      return Replayed(
        inputs: inputs, claims: claims, result: result, values: decidedBy,
        verdict: CanonicalJSON.encode(decision.release == nil ? result.record : outcome.explanation),
        differences: found + differences)
    }
  }

  /// How the leaf names the platform. The broker's word: only the broker can tell whose it is.
  static func pseudonym(_ leaf: LogLeaf) -> [UInt8]? {
    leaf.document["platform"]?.stringValue.flatMap { try? Hex.decode($0, "platform") }
  }

  /// What makes the explanation of this leaf unguessable, where its log keeps names private.
  private static func salt(_ leaf: LogLeaf, _ blobs: inout some BlobSource) async throws -> JSONValue? {
    guard leaf.document["names"] != nil, let hex = leaf.document["explanation"]?.stringValue,
      let digest = try? Hex.decode(hex, "explanation")
    else { return nil }
    let stored = try await blobs.required(digest, "explanation")
    return (try? StrictJSON.parse(stored))?["salt"]
  }

  private static func hex(_ digest: [UInt8]?) -> JSONValue { digest.map { .string(Hex.encode($0)) } ?? .null }

  private static func names(_ names: [String]) -> JSONValue? { names.isEmpty ? nil : .strings(names) }

  private static func differences(_ leaf: LogLeaf, _ members: [(String, JSONValue)]) -> [Difference] {
    members.flatMap { Difference.between(leaf.document[$0.0], $0.1, "leaf.\($0.0)") }
  }

  /// The values of those digests: those of the fold when it stands there, else those that were stored.
  private mutating func values(
    _ refvalues: [UInt8], _ policy: [UInt8], _ fold: RegistryFold?, _ blobs: inout some BlobSource
  ) async throws -> ReferenceValues {
    if let fold, fold.isComplete, fold.record.digest == refvalues, fold.record.policyDigest == policy {
      return fold.values
    }
    if let known = restored.first(where: { $0.refvalues == refvalues && $0.policy == policy }) { return known.values }
    let stored = try Self.stored(
      try await blobs.required(refvalues, "refvalues"), try await blobs.required(policy, "policy"))
    var bodies: [[UInt8]: [UInt8]] = [:]
    for digest in stored.wanted { bodies[digest] = try await blobs.required(digest, "bundle") }
    let values = try Self.restore(stored, bodies)
    restored.append((refvalues, policy, values))
    if restored.count > Self.restoredLimit { restored.removeFirst() }
    return values
  }

  private static func stored(_ refvalues: [UInt8], _ policy: [UInt8]) throws(ReplayError) -> StoredReferences {
    do throws(ParseError) { return try StoredReferences(refvalues: refvalues, policy: policy) } catch {
      throw .malformed(what: "refvalues", error)
    }
  }

  private static func restore(
    _ stored: StoredReferences, _ bodies: [[UInt8]: [UInt8]]
  ) throws(ReplayError) -> ReferenceValues {
    do throws(ParseError) { return try stored.values(with: bodies) } catch {
      throw .malformed(what: "refvalues", error)
    }
  }
}
