import Appraisal
import Bytes
import Cryptography
import Telemetry
import TransparencyLog
import Transport

extension KeyBroker {
  /// Whether a pod with an acceptable measurement would get its key now.
  func readiness() async -> HTTPResponse {
    let status = await status()
    let isReady = status["ready"] == true
    return HTTPResponse(
      status: isReady ? 200 : 503, body: CanonicalJSON.encode(status) + [0x0A], contentType: "application/json")
  }

  /// What `/readyz` and `/v1/status` say. `simulated` is true whenever extra anchors are loaded.
  func status() async -> JSONValue {
    let snapshot = await registry.snapshot
    let size = await log.size
    let quorum = snapshot.values.quorumDescription
    return .object([
      ("ready", .bool(!(await log.isPoisoned))), ("simulated", .bool(extraAnchorsDigest != nil)),
      ("quorum", quorum), ("bundles", .int(snapshot.values.bundles.count)), ("keys", .int(snapshot.keys.count)),
      ("log", .object([("origin", .string(instance.logName)), ("size", .int(size))])),
      ("registryEpoch", .int(snapshot.position.epoch)), ("collateral", endorsements.status(at: clock())),
    ])
  }

  func metrics() async -> HTTPResponse {
    counters.set(.init("vouchsafe_log_tree_size"), Int64(clamping: await log.size))
    counters.set(.init("vouchsafe_log_recovered_entries"), Int64(clamping: log.recovery.entries))
    counters.set(.init("vouchsafe_log_dropped_bytes"), Int64(log.recovery.droppedBytes))
    counters.set(.init("vouchsafe_registry_epoch"), Int64(clamping: await registry.snapshot.position.epoch))
    counters.set(.init("vouchsafe_unsafe_options"), extraAnchorsDigest == nil ? 0 : 1)
    endorsements.observe(at: clock())
    return HTTPResponse(
      status: 200, body: Array(counters.exposition().utf8), contentType: "text/plain; version=0.0.4")
  }

  func tokenKeys() -> HTTPResponse {
    let keys: JSONValue = .object([("keys", .array([keyring.tokenKey.publicKey.signingJWK(algorithm: "ES256")]))])
    return HTTPResponse(status: 200, body: CanonicalJSON.encode(keys), contentType: "application/json")
  }

  /// A file of the public log, by its C2SP path.
  func logFile(_ path: String) async -> HTTPResponse {
    guard let bytes = try? await log.file(at: path) else { return BrokerError.unknownRoute.response() }
    let isCheckpoint = path == "checkpoint"
    return HTTPResponse(
      status: 200, body: bytes, contentType: isCheckpoint ? "text/plain; charset=utf-8" : "application/octet-stream")
  }

  /// The offline proof of one entry against the newest checkpoint.
  func logProof(_ text: String) async -> HTTPResponse {
    guard let index = UInt64(text), let proof = try? await log.proof(index: index) else {
      return BrokerError.unknownRoute.response()
    }
    return HTTPResponse(status: 200, body: proof, contentType: "text/plain; charset=utf-8")
  }
}
