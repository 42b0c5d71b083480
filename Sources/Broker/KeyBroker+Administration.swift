import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import Telemetry
import TransparencyLog

extension KeyBroker {
  /// Applies a statement of the approvers; it takes effect when it is in the log.
  /// - Throws: `StatementError` for one that does not satisfy the quorum or does not follow the state.
  func submitStatement(_ note: [UInt8]) async throws -> Receipt {
    let now = clock()
    let signed = try SignedStatement(parsing: note)
    let receipt = try await registry.change(
      { snapshot in
        var next = snapshot
        next.values = try snapshot.values.applying(signed, at: now)
        return (.statement(signed), next)
      },
      commit: { [self] change, position, values in
        // Beside the evidence too: auditors count the signatures again, and have no access to the registry.
        _ = try await evidence.store(signed.bytes)
        let leaf = change.leaf(registry: position, values: values, from: origin, at: now)
        return try await commit(leaf.encoded(names.writer()))
      })
    if signed.statement.kind == .breakGlass {
      counters.add(.init("vouchsafe_break_glass_total"))
      events.write(.warning, "break-glass", ["index": .number(Int64(clamping: receipt.index))])
    }
    if signed.statement.kind == .collateralGrace {
      events.write(.warning, "collateral-grace", ["index": .number(Int64(clamping: receipt.index))])
    }
    return receipt
  }

  /// Stores a new version of a key. The first version binds the resource to an active bundle; no later one rebinds it.
  func putKey(_ body: [UInt8], for path: ResourcePath, bundle: String) async throws -> (KeyRecord, Receipt) {
    guard !body.isEmpty, body.count <= KeyRecord.limitBytes else { throw BrokerError.keyTooLarge }
    var copy = body
    let secret = SharedSecret(SecretBytes(erasing: &copy))
    let now = clock()
    let receipt = try await registry.change(
      { [keyring] snapshot in
        guard snapshot.values.mayBind(path, to: bundle) else { throw BrokerError.bundleUnknown }
        let version = (snapshot.history[path]?.version ?? 0) + 1
        let record = try secret.withSecret { bytes throws(CryptoError) in
          try KeyRecord(wrapping: bytes, for: path, version: version, bundle: bundle, under: keyring, at: now)
        }
        var next = snapshot
        try next.put(record)
        return (.putKey(record), next)
      },
      commit: { [self] change, position, values in
        try await commit(change.leaf(registry: position, values: values, from: origin, at: now).encoded(names.writer()))
      })
    guard let record = await registry.snapshot.keys[path] else { throw BrokerError.storeDamaged }
    return (record, receipt)
  }

  func deleteKey(_ path: ResourcePath) async throws -> Receipt {
    let now = clock()
    return try await registry.change(
      { [names] snapshot in
        var next = snapshot
        try next.delete(path)
        let record = names.noise().map { RegistryChange.deletion(of: path, noise: $0) }
        return (.deleteKey(path, record: record), next)
      },
      commit: { [self] change, position, values in
        try await commit(change.leaf(registry: position, values: values, from: origin, at: now).encoded(names.writer()))
      })
  }

  /// What the operator is shown about a decision: its leaf, the explanation of a refusal, or what let it pass.
  func explanation(of id: String) async throws -> JSONValue {
    if let recent = refusals.explanation(id) {
      return .object([("id", .string(id)), ("logged", false), ("result", "deny"), ("explanation", recent)])
    }
    guard let index = UInt64(id), index < (await log.size),
      let leaf = try? StrictJSON.parse(try await log.entry(at: index)), leaf["type"] == "decision"
    else { throw BrokerError.decisionUnknown }
    var explanation: JSONValue = .null
    if let hex = leaf["explanation"]?.stringValue, let digest = try? Hex.decode(hex, "explanation"),
      let blob = try? await evidence.read(digest)
    {
      explanation = (try? StrictJSON.parse(blob)) ?? .null
    }
    return .object([
      ("id", .string(id)), ("logged", true), ("result", leaf["result"] ?? .null), ("leaf", leaf),
      ("explanation", explanation), ("grounds", await grounds(of: leaf, at: index)?.json ?? .null),
    ])
  }

  /// What let an allowed decision pass, out of the values that were stored with it; `nil` when they are not there any more.
  private func grounds(of leaf: JSONValue, at index: UInt64) async -> Grounds? {
    func stored(_ member: String) async throws -> [UInt8] {
      try await evidence.read(try Hex.decode(leaf[member]?.stringValue ?? "", "leaf"))
    }
    do {
      let references = try StoredReferences(
        refvalues: try await stored("refvalues"), policy: try await stored("policy"))
      var bodies: [[UInt8]: [UInt8]] = [:]
      for digest in references.wanted { bodies[digest] = try await evidence.read(digest) }
      let opened = try await openings(from: index, count: 1).opening(leaf)
      return Grounds(of: opened, on: try references.values(with: bodies))
    } catch { return nil }
  }
}
