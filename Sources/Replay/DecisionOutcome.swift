import Appraisal
import Bytes
import Cryptography

/// How a decision comes out when it is made again, in the terms of its leaf.
struct DecisionOutcome {
  let allows: Bool
  let reasons: [String]
  let bundles: [String]
  let explanation: JSONValue
  private let values: ReferenceValues
  /// A release needs an attestation that passed.
  let attestationDifferences: [Difference]

  init(_ leaf: LogLeaf, _ decision: DecisionLeaf, _ result: AttestationResult, _ values: ReferenceValues) {
    self.values = values
    guard let release = decision.release else {
      if case .accepted(let accepted) = result.verdict { bundles = accepted } else { bundles = [] }
      (allows, reasons, attestationDifferences) = (result.isAccepted, result.reasons, [])
      explanation = Explanation(of: result).json
      return
    }
    let made = decide(
      release.resource, version: release.version, for: result, boundTo: Set(release.bound), values: values,
      at: leaf.time)
    switch made {
    case .allow(let bundle): (allows, reasons, bundles) = (true, [], [bundle])
    case .deny(let denial): (allows, reasons, bundles) = (false, denial.codes, [])
    }
    explanation = Explanation(of: made, on: release.resource, for: result, at: leaf.time).json
    attestationDifferences =
      result.isAccepted ? [] : [Difference("attestation.result", stored: "allow", replayed: "deny")]
  }

  /// The members of the leaf that follow from the outcome.
  /// - Parameter salt: what the stored explanation holds beside, in a log that keeps names private.
  func members(
    _ record: StoredAttestation, _ decision: DecisionLeaf, salt: JSONValue?
  ) -> [(String, JSONValue)] {
    var explained = explanation.objectValue ?? JSONObject()
    explained["salt"] = salt ?? explained["salt"]
    let digest = Hash.sha256.digest(CanonicalJSON.encode(.object(explained)))
    var members: [(String, JSONValue)] = [
      ("result", allows ? "allow" : "deny"), ("reasons", .strings(reasons)), ("bundles", .strings(bundles)),
      ("explanation", allows ? .null : .string(Hex.encode(digest))),
      ("advisory_table", values.advisories.map { .string(Hex.encode($0.digest)) } ?? .null),
    ]
    if decision.release == nil {
      members += [
        ("time", .string(record.verifiedAt.rfc3339Milliseconds)), ("resource", .null),
        ("refvalues", .string(Hex.encode(record.refvalues))), ("policy", .string(Hex.encode(record.policy))),
      ]
    }
    return members
  }
}
