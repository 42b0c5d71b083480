package import Bytes
import Cryptography
package import Verification

/// Judges proved claims against the reference values in force at `now`. Pure, total and deterministic: the same claims,
/// values and time always give the same result.
///
/// - Parameter pseudonym: the 16 bytes that stand for the platform in the log's leaves: revocations may name it so.
package func appraise(
  _ claims: Claims, pseudonym: [UInt8]?, against values: ReferenceValues, at now: Timestamp
) -> AttestationResult {
  var facts = Facts(claims)
  facts.pseudonym = pseudonym
  return judge(facts, claims: claims.json, against: values, at: now)
}

/// The claims are carried along as they were written; only the facts are judged.
func judge(_ facts: Facts, claims: JSONValue, against values: ReferenceValues, at now: Timestamp) -> AttestationResult {
  let (accepted, denial) = values.match(facts, at: now)
  return AttestationResult(
    verdict: accepted.isEmpty ? .refused(denial) : .accepted(bundles: accepted), isSimulated: facts.isSimulated,
    epoch: values.epoch, valuesDigest: values.digest, at: now,
    claimsDigest: Hash.sha256.digest(CanonicalJSON.encode(claims)), claims: claims, facts: facts)
}
