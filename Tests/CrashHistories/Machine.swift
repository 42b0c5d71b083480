import Appraisal
import Bytes
import Cryptography
import HostileDisk
import KBSProtocol
import Synchronization
import TransparencyLog

@testable import Broker

/// One process of the broker on the hostile disk, made of the broker's own parts: its log, its registry as a fold over the
/// log, and the stores that both name bodies in.
struct Machine: Sendable {
  let cast: Cast
  let names: LeafNames
  let log: DecisionLog
  let registry: Registry
  let evidence: BlobStore

  /// Starts as a broker does: recovers the log, then folds the registry.
  static func start(
    _ cast: Cast, _ disk: CrashFS, names: LeafNames, absence: LogWriter.Absence, limitWALBytes: UInt64,
    on thread: OneThread
  ) async throws -> Machine {
    var options = LogWriter.Options()
    options.limitWALBytes = limitWALBytes
    let executor = thread.actorExecutor
    let log = try DecisionLog.open(
      CrashFolder(disk, "log"), signer: cast.signer, absence: absence, executor: executor, options: options)
    let bodies = try BlobStore(disk, folder: "registry", executor: executor)
    let registry = try await Registry.replaying(log, blobs: bodies, values: cast.values)
    return Machine(
      cast: cast, names: names, log: log, registry: registry,
      evidence: try BlobStore(disk, folder: "evidence", executor: executor))
  }

  private static let origin = Leaf.Origin(node: "n", build: "b", logEpoch: "e")

  /// A release: evidence durable, then the leaf that names it, then whoever waits may go.
  func release(_ blob: [UInt8]) async throws -> Released {
    let digest = try await evidence.store(blob, with: [Array(blob.prefix(7))])
    return try await registry.gate.reading { [self] in
      let position = await registry.snapshot.position
      let leaf = Leaf(
        .decision, from: Self.origin, at: Cast.now, simulated: true, registry: position,
        [("evidence", .string(Hex.encode(digest)))])
      let receipt = try await log.commit(try leaf.encoded(names.writer()))
      return Released(index: receipt.index, entry: receipt.entry, evidence: digest, blob: blob)
    }
  }

  /// A change of the registry. `note` sees the state that it leads to before anything of it is written.
  func change(
    _ prepare: @Sendable @escaping (RegistrySnapshot) throws -> (RegistryChange, RegistrySnapshot),
    note: @Sendable @escaping (RegistrySnapshot) -> Void
  ) async throws {
    let (log, names) = (log, names)
    _ = try await registry.change(
      { snapshot in
        let (change, next) = try prepare(snapshot)
        note(next)
        return (change, next)
      },
      commit: { change, position, values in
        try await log.commit(
          try change.leaf(registry: position, values: values, from: Self.origin, at: Cast.now).encoded(names.writer()))
      })
  }

  func put(_ path: ResourcePath, _ snapshot: RegistrySnapshot) throws -> (RegistryChange, RegistrySnapshot) {
    var secret = Cast.secret
    let version = (snapshot.history[path]?.version ?? 0) + 1
    let record = try KeyRecord(
      wrapping: SecretBytes(erasing: &secret), for: path, version: version, bundle: "demo", under: cast.keyring,
      at: Cast.now)
    var next = snapshot
    try next.put(record)
    return (.putKey(record), next)
  }

  func delete(_ path: ResourcePath, _ snapshot: RegistrySnapshot) throws -> (RegistryChange, RegistrySnapshot) {
    var next = snapshot
    try next.delete(path)
    return (.deleteKey(path, record: names.noise().map { RegistryChange.deletion(of: path, noise: $0) }), next)
  }

  func state(_ statement: SignedStatement, _ snapshot: RegistrySnapshot) throws -> (RegistryChange, RegistrySnapshot) {
    var next = snapshot
    next.values = try snapshot.values.applying(statement, at: Cast.now)
    return (.statement(statement), next)
  }

  /// A decision whose leaf is durable: its answer may have left the process.
  struct Released: Sendable {
    let index: UInt64
    let entry: [UInt8]
    let evidence: [UInt8]
    let blob: [UInt8]
  }
}
