import Appraisal
import Bytes
import Cryptography
import KBSProtocol
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
      ("privateNames", .bool(names.isPrivate)),
      ("breakGlass", .int(snapshot.values.activeGrants(at: clock()).count)),
    ])
  }

  func metrics() async -> HTTPResponse {
    counters.set(.init("vouchsafe_log_tree_size"), Int64(clamping: await log.size))
    counters.set(.init("vouchsafe_log_recovered_entries"), Int64(clamping: log.recovery.entries))
    counters.set(.init("vouchsafe_log_dropped_bytes"), Int64(log.recovery.droppedBytes))
    counters.set(.init("vouchsafe_registry_epoch"), Int64(clamping: await registry.snapshot.position.epoch))
    setWitnessGauges()
    let grants = await registry.snapshot.values.activeGrants(at: clock())
    counters.set(.init("vouchsafe_break_glass_active"), Int64(grants.count))
    let graces = await registry.snapshot.values.activeGraces(at: clock())
    counters.set(.init("vouchsafe_collateral_grace_active"), Int64(graces.count))
    counters.set(.init("vouchsafe_unsafe_options"), extraAnchorsDigest == nil ? 0 : 1)
    endorsements.observe(at: clock())
    return HTTPResponse(
      status: 200, body: Array(counters.exposition().utf8), contentType: "text/plain; version=0.0.4")
  }

  private func publicFile(_ path: String) async -> [UInt8]? {
    if path == "checkpoint", let cosigned = witnesses?.quorum { return cosigned.note }
    return try? await log.file(at: path == WitnessExchange.newestPath ? "checkpoint" : path)
  }

  private func setWitnessGauges() {
    guard let witnesses else { return }
    let quorum = witnesses.quorum
    counters.set(.init("vouchsafe_log_cosigned_size"), Int64(clamping: quorum?.checkpoint.size ?? 0))
    let age = quorum.map { max(0, clock().seconds - $0.time.seconds) } ?? -1
    counters.set(.init("vouchsafe_log_cosigned_age_seconds"), age)
  }

  func tokenKeys() -> HTTPResponse {
    let keys: JSONValue = .object([("keys", .array([EARToken.publishedKey(keyring.tokenKey.publicKey)]))])
    return HTTPResponse(status: 200, body: CanonicalJSON.encode(keys), contentType: "application/json")
  }

  /// A file of the public log, by its C2SP path. What can never change may be kept for good; the rest for a moment.
  ///
  /// With witnesses, `checkpoint` is the newest that enough of them cosigned, and until there is one the newest of all,
  /// which is always under `checkpoint.newest`.
  func logFile(_ path: String) async -> HTTPResponse {
    guard let bytes = await publicFile(path) else { return BrokerError.unknownRoute.response() }
    let tile = TilePath(path)
    let caching =
      switch tile?.isFull {
      case true: "public, max-age=31536000, immutable"
      case false: "public, max-age=60"
      case nil: "public, max-age=1"
      }
    return HTTPResponse(
      status: 200, headers: [("Cache-Control", caching)], body: bytes,
      contentType: tile == nil ? "text/plain; charset=utf-8" : "application/octet-stream")
  }

  /// The offline proof of one entry against the newest checkpoint.
  func logProof(_ text: String) async -> HTTPResponse {
    guard let index = UInt64(text), let proof = try? await log.proof(index: index) else {
      return BrokerError.unknownRoute.response()
    }
    return HTTPResponse(status: 200, body: proof, contentType: "text/plain; charset=utf-8")
  }
}
