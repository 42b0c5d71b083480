import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import TransparencyLog

@testable import Broker

/// What is the same in every history: keys, names, and the statements that approvers signed beforehand.
struct Cast: Sendable {
  static let now: Timestamp = 1_790_000_000
  /// The model's key: what must be on the disk in wrapped form only.
  static let secret = Array("\u{1}vouchsafe-crash-history-secret!".utf8)

  let signer: NoteSigner
  let keyring: Keyring
  let values: ReferenceValues
  /// Each follows the one before it.
  let statements: [SignedStatement]
  let resources: [ResourcePath]
  let clearNames: LeafNames
  let privateNames: LeafNames

  init() throws {
    var root = [UInt8](repeating: 3, count: 32)
    let provider = try FileRoot(key: SecretBytes(erasing: &root))
    keyring = try Keyring.open(try Keyring.create(under: provider), under: provider)
    signer = try NoteSigner(name: "vouchsafe.test/log", key: keyring.logKey)
    let approver = try NoteSigner(name: "approver", key: .random())
    values = ReferenceValues(quorum: try ApproverQuorum(threshold: 1, approvers: [approver.verifierKey]))
    resources = try ["models/one/key", "models/two/key", "models/three/key"].map { try ResourcePath($0) }
    clearNames = LeafNames(key: nil) { [UInt8](repeating: 7, count: $0) }
    privateNames = LeafNames(key: keyring.namesKey) { [UInt8](repeating: 7, count: $0) }
    statements = try Self.revocations(8, by: approver)
  }

  private static func revocations(_ count: Int, by approver: NoteSigner) throws -> [SignedStatement] {
    try (0..<count).map { number in
      let statement = ReferenceStatement(
        kind: .revoke, scope: "bundle/number\(number)", version: 1, previous: nil, notAfter: now.adding(.seconds(60)),
        body: StatementContent.revocationBody(reason: "a crash history"))
      var signed = try SignedStatement(proposing: statement)
      try signed.sign(with: approver)
      return signed
    }
  }

  /// The secret in every spelling that could slip out.
  static var spellings: [[UInt8]] {
    let base64 = Base64.encode(secret)
    return [secret, Array(base64.utf8.dropLast(4)), Array(Hex.encode(secret).utf8)]
  }
}
