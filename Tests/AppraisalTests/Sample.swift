import Bytes
import Cryptography
import Evidence
import KBSProtocol
import SignedNotes
import TestSupport
import Verification

@testable import Appraisal

/// One platform, one bundle that fits it, and three approvers of whom two must sign.
enum Sample {
  static let now = Timestamp(seconds: 1_788_170_400)
  static let measurement = [UInt8](repeating: 0x5A, count: 48)
  static let chip = [UInt8](repeating: 0xC1, count: 64)
  static let host = [UInt8](repeating: 0x33, count: 32)
  static let floor = TCBVersion.Components(fmc: nil, bootLoader: 4, tee: 0, snp: 24, microcode: 219)

  static var snp: SNPFacts {
    SNPFacts(
      reportVersion: 5, cpu: CPUIdentity(family: 0x19, model: 0x01, stepping: 0x01), product: .milan,
      measurement: measurement, hostData: host, chipID: chip,
      idKeyDigest: Array(repeating: 0x1D, count: 48), authorKeyDigest: Array(repeating: 0xA0, count: 48),
      isAuthorKeyEnabled: true, familyID: Array(repeating: 0xF0, count: 16), imageID: Array(repeating: 0x10, count: 16),
      guestSVN: 3, vmpl: 0, guestPolicy: 0x20000, platformInfo: 0x20, reportedTCB: floor, committedTCB: floor,
      launchTCB: floor, launchMitigations: 0b111, currentMitigations: 0b111, signingKey: .vcek, cspID: nil,
      isRevocationChecked: true)
  }

  static var facts: Facts { Facts(isSimulated: false, platform: .snp(snp)) }

  static func facts(_ edit: (inout SNPFacts) -> Void) -> Facts {
    var snp = snp
    edit(&snp)
    return Facts(isSimulated: false, platform: .snp(snp))
  }

  static let tcb: JSONValue = ["bootLoader": 4, "tee": 0, "snp": 24, "microcode": 219]

  /// A bundle in which every optional requirement is made, and met by `facts`.
  static func bundle(_ name: String = "llama", _ edits: [String: JSONValue?] = [:]) -> JSONValue {
    let snp: JSONValue = .object([
      ("measurements", [.string(Hex.encode(measurement))]), ("hostData", [.string(Hex.encode(host))]),
      ("products", ["Milan"]), ("minimumTCB", ["Milan": .object([("reported", tcb), ("launch", tcb)])]),
      ("chipIDs", [.string(Hex.encode(chip))]), ("signingKeys", ["VCEK"]),
      ("idKeyDigests", [.string(String(repeating: "1d", count: 48))]),
      ("authorKeyDigests", [.string(String(repeating: "a0", count: 48))]), ("minimumGuestSVN", 3), ("vmpls", [0]),
      ("guestPolicy", ["forbidden": ["smtAllowed", "debugAllowed"]]),
      ("platformInfo", ["required": ["aliasCheckComplete"], "forbidden": ["smtEnabled"]]),
      ("mitigationVectors", ["launch": 0b101, "current": 0b011]), ("requireRevocationCheck", true),
    ])
    var document: JSONValue = .object([
      ("schema", "vouchsafe/reference/v1"), ("name", .string(name)), ("workload", "inference of a model"),
      ("notBefore", "2026-01-01T00:00:00Z"), ("notAfter", "2027-01-01T00:00:00Z"),
      ("resources", ["models/llama/key"]), ("acceptingSimulatedEvidence", false), ("tees", ["snp": snp]),
    ])
    for (path, value) in edits { document.set(path.split(separator: ".").map(String.init)[...], value) }
    return document
  }

  /// The least a bundle must say.
  static func plainBundle(_ name: String = "llama") -> JSONValue {
    bundle(
      name,
      [
        "notBefore": nil, "notAfter": nil, "resources": nil,
        "acceptingSimulatedEvidence": nil, "tees.snp.hostData": nil, "tees.snp.chipIDs": nil,
        "tees.snp.signingKeys": nil, "tees.snp.idKeyDigests": nil,
        "tees.snp.authorKeyDigests": nil, "tees.snp.minimumGuestSVN": nil, "tees.snp.vmpls": nil,
        "tees.snp.guestPolicy": nil, "tees.snp.platformInfo": nil,
        "tees.snp.mitigationVectors": nil, "tees.snp.requireRevocationCheck": nil,
      ])
  }

  static func signer(_ name: String, seed: UInt8) throws -> NoteSigner {
    var bytes = [UInt8](repeating: seed, count: 32)
    return try NoteSigner(name: name, key: try Ed25519PrivateKey(seed: SecretBytes(erasing: &bytes)))
  }

  static func approvers() throws -> [NoteSigner] {
    [try signer("alice", seed: 1), try signer("bob", seed: 2), try signer("carol", seed: 3)]
  }

  static func quorum(_ threshold: Int = 2) throws -> ApproverQuorum {
    try ApproverQuorum(threshold: threshold, approvers: try approvers().map(\.verifierKey))
  }

  /// Values with these bundles in force, put there by statements.
  static func values(_ bundles: JSONValue...) throws -> ReferenceValues { try values(bundles) }

  static func values(_ bundles: [JSONValue]) throws -> ReferenceValues {
    var values = ReferenceValues(quorum: try quorum())
    for bundle in bundles {
      values = try values.taking(.reference, bundle["name"]?.stringValue ?? "", bundle, by: [0, 1])
    }
    return values
  }

  static func result(_ values: ReferenceValues) -> AttestationResult { result(facts, values) }

  static func result(_ facts: Facts, _ values: ReferenceValues) -> AttestationResult {
    judge(facts, claims: ["tee": "snp"], against: values, at: now)
  }

  static func path(_ text: String = "models/llama/key") throws -> ResourcePath { try ResourcePath(text) }
}

extension ReferenceValues {
  /// The statement that would come next in its chain.
  func next(
    _ kind: ReferenceStatement.Kind, _ scope: String, _ body: JSONValue, notAfter: Timestamp = 1_788_200_000
  ) -> ReferenceStatement {
    let head = head(of: kind, scope: scope)
    return ReferenceStatement(
      kind: kind, scope: scope, version: (head?.version ?? 0) + 1, previous: head?.digest, notAfter: notAfter,
      body: body)
  }

  /// Applies the statement that comes next, signed by these of the sample's approvers.
  func taking(
    _ kind: ReferenceStatement.Kind, _ scope: String, _ body: JSONValue, by signers: [Int]
  ) throws -> ReferenceValues {
    try applying(try next(kind, scope, body).signed(by: signers.map { try Sample.approvers()[$0] }), at: Sample.now)
  }

  func revoking(_ scope: String, by signers: [Int] = [0]) throws -> ReferenceValues {
    try taking(.revoke, scope, StatementContent.revocationBody(reason: "test"), by: signers)
  }
}

extension ReferenceStatement {
  func signed(by signers: [NoteSigner]) throws -> SignedStatement {
    var signed = try SignedStatement(proposing: self)
    for signer in signers { try signed.sign(with: signer) }
    return signed
  }
}

extension JSONValue {
  /// Sets, or with `nil` removes, the member at a path of names.
  mutating func set(_ path: ArraySlice<String>, _ value: JSONValue?) {
    guard let name = path.first, var object = objectValue else { return }
    if path.count == 1 {
      object[name] = value
    } else {
      var inner = object[name] ?? .object([])
      inner.set(path.dropFirst(), value)
      object[name] = inner
    }
    self = .object(object)
  }
}
