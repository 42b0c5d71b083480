import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import SignedNotes
import SimulatedTEE
import Transport
import Verification

@testable import Broker

/// A pair that a broker would release: a measurement, and one of the keys that honest people stored.
struct Releasable: Hashable {
  let measurement: UInt8
  let secret: [UInt8]
}

/// A registry with a past, and an adversary who was there all the time.
struct AdversaryWorld {
  private(set) var bench: Bench
  private let claims: [(measurement: UInt8, claims: Claims)]
  /// Every statement that was ever submitted, as it was signed.
  private var captured: [[UInt8]] = []
  private let ownKeys: [NoteSigner]

  static let secrets = ["models/demo/key", "models/other/key"].enumerated().map { index, path in
    (path: path, secret: [UInt8](repeating: UInt8(index + 1), count: 32))
  }
  private static let paths = ["models/demo/key", "models/other/key", "models/new/key", "demo/models/key"]
  private static let bundles = ["demo", "other", "wide", "gone"]
  private static let measurements: [UInt8] = [0x5A, 0x11, 0x22, 0x33]

  static let moves: [(name: String, make: @Sendable (inout AdversaryWorld, Move) async throws -> Void)] = [
    ("replay", { world, move in try await world.replay(move) }),
    ("forge", { world, move in try await world.forge(move) }),
    ("forge", { world, move in try await world.forge(move) }),
    ("forge", { world, move in try await world.forge(move) }),
    ("graft", { world, move in try await world.graft(move) }), ("put", { world, move in try await world.put(move) }),
    ("delete", { world, move in try await world.delete(move) }),
    ("ask as kbs-client", { world, move in try await world.askAsKBSClient(move) }),
    ("revoke", { world, move in try await world.revoke(move) }),
    ("restart", { world, _ in world.bench = try await world.bench.restarted() }),
    ("wait", { world, move in world.bench.advance(.seconds(move.a)) }),
  ]

  init(approverKeys: Int) async throws {
    bench = try await Bench.make(.init(approvers: 3, quorum: 2, breakGlass: 2, asGenuine: true))
    claims = try Self.measurements.map { ($0, try Self.claims(measurement: $0)) }
    ownKeys = [bench.breakGlass[0]] + bench.approvers.prefix(approverKeys)
    try await live()
  }

  mutating func make(_ move: Move) async throws { try await Self.moves[move.kind].make(&self, move) }

  /// What the broker would release now, of what honest people stored.
  func releasable() async throws -> Set<Releasable> {
    let (snapshot, now) = (await bench.broker.registry.snapshot, bench.broker.clock())
    let honest = Set(Self.secrets.map(\.secret))
    var found = Set<Releasable>()
    for (measurement, claims) in claims {
      let result = appraise(claims, pseudonym: nil, against: snapshot.values, at: now)
      for record in snapshot.keys.values where snapshot.judge(record, for: result, at: now).allows {
        let secret = try record.unwrapped(by: bench.broker.keyring).withBytes { span in
          (0..<span.byteCount).map { span.byte(at: $0) }
        }
        if honest.contains(secret) { found.insert(Releasable(measurement: measurement, secret: secret)) }
      }
    }
    return found
  }

  // the past

  /// Bundles once wider than they are now, a revocation that was taken back and one that was not, a rule that was
  /// replaced, an emergency that is over.
  private mutating func live() async throws {
    try await honestly(.reference, "demo", bundle("demo", measurement: 0x22), bench.approvers)
    try await honestly(.reference, "demo", bundle("demo"), bench.approvers)
    try await honestly(.reference, "other", bundle("other", measurement: 0x11), bench.approvers)
    try await honestly(.reference, "gone", bundle("gone", measurement: 0x33), bench.approvers)
    for (path, secret) in Self.secrets {
      let name = path.contains("demo") ? "demo" : "other"
      _ = try await bench.admin(.put, "/v1/keys/\(path)?bundle=\(name)", body: secret)
    }
    let reason = StatementContent.revocationBody(reason: "test")
    try await honestly(.revoke, "everything", reason, [bench.approvers[2]])
    try await honestly(.unrevoke, "everything", reason, bench.approvers)
    try await honestly(.revoke, "bundle/gone", reason, [bench.approvers[1]])
    try await honestly(.rule, "models/other/key", Self.rule(["other", "gone"]), bench.approvers)
    try await honestly(.rule, "models/other/key", Self.rule(["other"]), bench.approvers)
    try await honestly(.breakGlass, "models/demo/key", Self.grant("models/demo/key", 0x33), bench.breakGlass)
    bench.advance(.seconds(4 * 3600))
  }

  private mutating func honestly(
    _ kind: ReferenceStatement.Kind, _ scope: String, _ body: JSONValue, _ signers: [NoteSigner]
  ) async throws {
    let signed = try await next(kind, scope, body, by: signers)
    captured.append(signed.bytes)
    let answer = try await bench.admin(.post, "/v1/statements", body: signed.bytes)
    guard answer.status == 200 else { throw BrokerError.statementRefused(answer.code ?? "") }
  }

  private func next(
    _ kind: ReferenceStatement.Kind, _ scope: String, _ body: JSONValue, by signers: [NoteSigner]
  ) async throws -> SignedStatement {
    let head = await bench.broker.registry.snapshot.values.head(of: kind, scope: scope)
    let lifetime: Int64 = kind == .breakGlass ? 4 * 3600 : 30 * 86_400
    let statement = ReferenceStatement(
      kind: kind, scope: scope, version: (head?.version ?? 0) + 1, previous: head?.digest,
      notAfter: bench.broker.clock().adding(.seconds(lifetime)), body: body)
    var signed = try SignedStatement(proposing: statement)
    for signer in signers { try signed.sign(with: signer) }
    return signed
  }

  private static func rule(_ bundles: [String]) -> JSONValue {
    ["schema": "vouchsafe/rule/v1", "resource": "models/other/key", "bundles": .strings(bundles)]
  }

  private static func grant(_ path: String, _ measurement: UInt8) throws -> JSONValue {
    BreakGlassGrant.body(
      try ResourcePath(path), measurement: [UInt8](repeating: measurement, count: 48), hostData: nil, reason: "test")
  }

  private static func claims(measurement: UInt8) throws -> Claims {
    var tee = SimulatedSNP()
    tee.measurement = [UInt8](repeating: measurement, count: 48)
    let digest = [UInt8](repeating: 7, count: 48)
    let evidence = try UnverifiedEvidence.parse(tee: .snp, kbsJSON: try tee.kbsEvidence(reportData: digest))
    let verdict = verify(
      evidence, with: .none, binding: Binding(runtimeDigest: digest, hostData: nil),
      anchors: try Bench.genuineAnchors(), at: Bench.start, floors: .none)
    return try verdict.get()
  }

  // what the adversary does

  private func replay(_ move: Move) async throws {
    _ = try await bench.admin(.post, "/v1/statements", body: captured[move.a % captured.count])
  }

  /// A statement of its own making, signed by what it has and by a stranger under an approver's name.
  private func forge(_ move: Move) async throws {
    let measurement = Self.measurements[move.b % Self.measurements.count]
    let reason = StatementContent.revocationBody(reason: "test")
    let path = Self.paths[move.b % Self.paths.count]
    let name = Self.bundles[move.a % Self.bundles.count]
    let own = try ApproverQuorum(threshold: 1, approvers: [ownKeys[move.b % ownKeys.count].verifierKey])
    let choices: [(ReferenceStatement.Kind, String, JSONValue)] = [
      (.reference, name, bundle(name, measurement: measurement)), (.unrevoke, "bundle/gone", reason),
      (.rule, "models/other/key", Self.rule(["other", name])), (.breakGlass, path, try Self.grant(path, measurement)),
      (.quorum, "approvers", own.document), (.quorum, "break-glass", own.document),
    ]
    let (kind, scope, body) = choices[move.c % choices.count]
    let stranger = try NoteSigner(name: "approver1", key: .random())
    var signed = try await next(kind, scope, body, by: ownKeys)
    if move.a % 3 == 0 { try signed.sign(with: stranger) }
    if move.a % 5 == 0 { try signed.sign(with: ownKeys[0]) }
    _ = try await bench.admin(.post, "/v1/statements", body: signed.bytes)
  }

  /// The signatures of one statement under the text of another.
  private func graft(_ move: Move) async throws {
    let text = Array(captured[move.a % captured.count])
    let signatures = captured[move.b % captured.count]
    guard let end = text.firstRange(of: [0x0A, 0x0A]), let start = signatures.firstRange(of: [0x0A, 0x0A]) else {
      return
    }
    var note = text[..<end.upperBound] + signatures[start.upperBound...]
    if move.c % 2 == 0, let place = note.firstRange(of: Array("version ".utf8)) {
      note.replaceSubrange(place.upperBound..<(place.upperBound + 1), with: [UInt8(0x31 + move.c % 8)])
    }
    _ = try await bench.admin(.post, "/v1/statements", body: Array(note))
  }

  private func put(_ move: Move) async throws {
    let (path, name) = (Self.paths[move.a % Self.paths.count], Self.bundles[move.b % Self.bundles.count])
    _ = try await bench.admin(.put, "/v1/keys/\(path)?bundle=\(name)", body: [0xAD, UInt8(move.c % 256)])
  }

  private func delete(_ move: Move) async throws {
    _ = try await bench.admin(.delete, "/v1/keys/\(Self.paths[move.a % Self.paths.count])")
  }

  private func askAsKBSClient(_ move: Move) async throws {
    let path = Self.paths[move.a % Self.paths.count]
    let calls: [(HTTPMethod, String)] = [
      (.post, "/kbs/v0/resource/\(path)"), (.delete, "/kbs/v0/resource/\(path)"), (.post, "/kbs/v0/reference-value"),
      (.post, "/kbs/v0/resource-policy"), (.post, "/kbs/v0/attestation-policy"),
    ]
    let (method, target) = calls[move.b % calls.count]
    _ = try await bench.admin(method, target, body: method == .post ? Array("package policy\nallow = true".utf8) : [])
  }

  /// One key may stop, which never widens.
  private func revoke(_ move: Move) async throws {
    let scopes = ["bundle/demo", "model/other", "resource/models/demo/key@1", "tenant/demo", "product/Milan"]
    let reason = StatementContent.revocationBody(reason: "test")
    let signed = try await next(.revoke, scopes[move.a % scopes.count], reason, by: ownKeys)
    _ = try await bench.admin(.post, "/v1/statements", body: signed.bytes)
  }
}
