import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Verification

/// What every decision's leaf says about the pod.
struct DecisionSubject: Sendable {
  let claims: Claims
  /// RFC 7638 thumbprint of the key that everything is encrypted to.
  let teeKey: [UInt8]
  /// SHA-256 of the challenge's nonce text.
  let challenge: [UInt8]
  /// SHA-256 of the evidence record, and of each carrier that its proof rests on.
  let evidence: [UInt8]
  let collateral: [[UInt8]]
  /// SHA-256 of the init-data text, when it was sent.
  let initData: [UInt8]?
  /// Walls of its engine's room that the pod says it does without.
  let waivedWalls: [String]
  /// The keyed pseudonym of the platform.
  let platform: String
  /// Those of its GPUs and switches.
  let devices: [String]

  /// The members that a decision's leaf takes from here.
  var members: [(String, JSONValue)] {
    let graced: [(String, JSONValue)] = claims.collateralAsOf.map { [("collateral_as_of", .string($0.rfc3339))] } ?? []
    return graced + [
      ("tee", .strings([claims.tee.rawValue] + claims.deviceKinds)), ("measure", measure), ("tcb", tcb),
      ("tee_key", .string(Base64.url(teeKey))), ("challenge", .string(Hex.encode(challenge))),
      ("evidence", .string(Hex.encode(evidence))), ("collateral", .strings(collateral.map { Hex.encode($0) })),
      ("initdata", initData.map { .string(Hex.encode($0)) } ?? .null), ("platform", .string(platform)),
    ] + (waivedWalls.isEmpty ? [] : [("waived", .strings(waivedWalls))])
      + (claims.devices == nil ? [] : [("devices", .strings(devices))])
  }

  private var measure: JSONValue {
    let platform =
      switch claims.platform {
      case .snp(let snp): snp.leafMeasure
      case .tdx(let tdx): tdx.leafMeasure
      }
    guard let devices = claims.devices, var object = platform.objectValue else { return platform }
    object["devices"] = devices.leafMeasure
    return .object(object)
  }

  private var tcb: JSONValue {
    switch claims.platform {
    case .snp(let snp): snp.leafTCB
    case .tdx(let tdx): tdx.leafTCB
    }
  }
}

/// What a decision was about.
enum DecisionScope: Sendable {
  /// Whether the pod is what some reference bundle describes.
  case attestation
  /// Whether the pod of an earlier attestation, at that index, may have the key of this record.
  case release(KeyRecord, attestation: UInt64)

  var members: [(String, JSONValue)] {
    switch self {
    case .attestation: [("for", "attestation"), ("resource", .null)]
    case .release(let record, let attestation):
      [
        ("for", "release"), ("resource", .string(record.resource.text)), ("resource_version", .int(record.version)),
        ("kek", .string(record.kekID)), ("bound", .strings([record.bundle])), ("attestation", .int(attestation)),
      ]
    }
  }
}

/// The leaf of a decision that releases a key, as it was encoded.
struct AllowingLeaf: Sendable {
  let resource: ResourcePath
  let version: UInt64
  let bytes: [UInt8]
}

extension Leaf {
  /// The leaf of a decision; `explanation` is the digest of the stored explanation of a refusal. A pod has no identity but
  /// its TEE key, so `client` is null.
  static func decision(
    _ scope: DecisionScope, _ judgement: Judgement, explanation: [UInt8]?, subject: DecisionSubject,
    references: ReferenceRecord, registry: RegistryPosition, from origin: Origin, at now: Timestamp
  ) -> Leaf {
    let outcome: [(String, JSONValue)] =
      [
        ("result", judgement.allows ? "allow" : "deny"), ("reasons", .strings(judgement.codes)),
        ("bundles", .strings(judgement.bundles)), ("refvalues", .string(Hex.encode(references.digest))),
        ("policy", .string(Hex.encode(references.policyDigest))),
        ("advisory_table", references.advisoriesDigest.map { .string(Hex.encode($0)) } ?? .null), ("client", .null),
        ("explanation", explanation.map { .string(Hex.encode($0)) } ?? .null),
      ] + (judgement.isBreakGlass ? [("break_glass", true)] : [])
    return Leaf(
      .decision, from: origin, at: now, simulated: subject.claims.simulated, registry: registry,
      outcome + scope.members + subject.members)
  }
}
