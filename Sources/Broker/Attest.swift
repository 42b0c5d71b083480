import Appraisal
import Bytes
import Cryptography
import Evidence
import KBSProtocol
import Telemetry
import TransparencyLog
import Verification

/// What `/attest` answers a pod that passed.
struct Attested: Sendable {
  let token: String
  let cookie: String
}

/// A refusal on its way to the pod: what happened, and the id under which the operator finds the explanation.
struct Denied: Error, Sendable {
  let reason: Reason
  let decisionID: String

  enum Reason: Sendable {
    /// The evidence is not genuine, not fresh or not complete.
    case evidence(code: String)
    /// Genuine, but not what any reference bundle describes.
    case policy(code: String)
    case malformed(EvidenceError)
  }
}

extension KeyBroker {
  /// From the cookie and the body of `/attest` to a token, each step taking what the step before it gave.
  ///
  /// - Throws: `BrokerError` where nothing was judged, `Denied` for a refusal.
  func attest(cookies: [String], body: [UInt8]) async throws -> Attested {
    let asked = try await queue.run { [self] in try ask(cookies, body, at: clock()) }
    // Whatever this waits for, it holds no place among the workers.
    var supply = await endorsements.supply(for: asked.evidence, at: clock())
    if let devices = asked.devices { supply.devices = await endorsements.deviceSupply(for: devices, at: clock()) }
    let supplied = supply
    return try await queue.run { [self] in try await verified(asked, with: supplied, body, at: clock()) }
  }

  /// Spends the challenge, and reads what came to the last byte.
  private func ask(_ cookies: [String], _ body: [UInt8], at now: Timestamp) throws -> AttestationRequest {
    let session = try handshakes.session(from: cookies, at: now)
    try handshakes.spend(session, at: now)
    let message = try kbsParsing { () throws(KBSProtocolError) in
      try AttestationMessage(parsing: body, version: session.version)
    }
    let binding = try kbsParsing { () throws(KBSProtocolError) in
      let runtime = try message.runtimeData(answering: session.challenge.nonce)
      return (primary: try message.primaryDigest(answering: session.challenge.nonce), device: runtime.digest(.device))
    }
    return AttestationRequest(
      session: session, message: message, digest: binding.primary, deviceDigest: binding.device,
      evidence: try parse(message, for: session, at: now), devices: try devices(of: message, at: now))
  }

  private func verified(
    _ asked: AttestationRequest, with supply: EndorsementStore.Supply, _ body: [UInt8], at now: Timestamp
  ) async throws -> Attested {
    let (evidence, message, session) = (asked.evidence, asked.message, asked.session)
    let binding = Binding(
      runtimeDigest: asked.digest, hostData: message.initData?.fieldValue(byteCount: evidence.tee.hostDataCount),
      deviceDigest: asked.deviceDigest)
    let floors = endorsements.floors
    let graces = await registry.snapshot.values.activeGraces(at: now).map(\.grace)
    let verdict = verify(
      evidence, devices: asked.devices, with: supply.all, binding: binding, anchors: anchors, at: now, floors: floors,
      graces: graces)
    switch verdict {
    case .success(let claims):
      endorsements.noteGenuine(evidence, supply, at: now)
      if let devices = supply.devices { endorsements.noteGenuine(devices, at: now) }
      let context = AttestationContext(
        session: session, message: message, body: body, floors: floors.concerning(claims), now: now)
      return try await judge(claims, context)
    case .failure(let refusal): throw countRefusal(refusal, of: session.tee.rawValue, at: now)
    }
  }

  private func parse(
    _ message: AttestationMessage, for session: Session, at now: Timestamp
  ) throws -> UnverifiedEvidence {
    guard let tee = TEE(wireName: session.tee.rawValue) else { throw BrokerError.teeUnsupported }
    do {
      return try UnverifiedEvidence.parse(tee: tee, kbsJSON: message.primaryEvidence)
    } catch {
      throw refuseUnlogged(.malformed(error), at: now)
    }
  }

  /// The GPUs that came along: the processor's evidence covers their text, which is what binds them to it.
  private func devices(of message: AttestationMessage, at now: Timestamp) throws -> NVIDIAEvidence? {
    let named = try kbsParsing { () throws(KBSProtocolError) in try message.additionalDevices() }
    guard !named.isEmpty else { return nil }
    guard named.count == 1, let first = named.first, first.tee == .nvidia else {
      throw refuseUnlogged(.evidence(code: "additionalEvidenceUnsupported"), at: now)
    }
    do throws(EvidenceError) { return try NVIDIAEvidence(kbsJSON: first.evidence) } catch {
      throw refuseUnlogged(.malformed(error), at: now)
    }
  }

  /// Appraises genuine claims and commits the decision; both happen in one turn of the registry's gate.
  private func judge(_ claims: Claims, _ context: AttestationContext) async throws -> Attested {
    try await registry.gate.reading { [self] in
      let snapshot = await registry.snapshot
      try checkGrace(of: claims, snapshot.values, context)
      let pseudonym = keyring.pseudonym(of: claims.platformIdentity)
      let result = appraise(claims, pseudonym: pseudonym, against: snapshot.values, at: context.now)
      let judgement = Judgement(result)
      let subject = try await store(context, result, claims, snapshot)
      let committed = try await commit(judgement, .attestation, subject, snapshot, at: context.now)
      guard judgement.allows else {
        throw Denied(reason: .policy(code: judgement.primaryCode), decisionID: committed.decisionID)
      }
      return try accept(result, judgement, context, subject, index: committed.receipt.index)
    }
  }

  /// The grace that the claims rest on is in force still, in the very values that the decision is made with.
  private func checkGrace(of claims: Claims, _ values: ReferenceValues, _ context: AttestationContext) throws {
    guard let asOf = claims.collateralAsOf else { return }
    let isInForce = values.activeGraces(at: context.now).contains {
      $0.grace.covers(claims.tee, at: context.now) && $0.grace.asOf == asOf
    }
    guard isInForce else {
      throw countRefusal(
        Refusal(.collateralExpired, "grace", got: "ended"), of: context.session.tee.rawValue, at: context.now)
    }
    counters.add(.init("vouchsafe_collateral_graced_total"))
  }

  private func store(
    _ context: AttestationContext, _ result: AttestationResult, _ claims: Claims, _ snapshot: RegistrySnapshot
  ) async throws -> DecisionSubject {
    let origins = endorsements.origins(of: claims.basis.artefacts.map { Hash.sha256.digest($0.bytes) })
    let record = EvidenceRecord(
      session: context.session, request: context.body, initData: context.message.initData?.body, basis: claims.basis,
      origins: origins,
      floors: context.floors, registry: snapshot.position, references: try await storedReferences(snapshot.values),
      extraAnchors: extraAnchorsDigest, verifiedAt: context.now, verifierBuild: origin.build, verdict: result.record)
    let blobs = record.blobs
    let digest = try await evidence.store(record.encoded, with: blobs)
    return DecisionSubject(
      claims: claims, teeKey: context.message.teePublicKey.thumbprint,
      challenge: Hash.sha256.digest(Array(context.session.challenge.nonce.utf8)), evidence: digest,
      collateral: blobs.map { Hash.sha256.digest($0) },
      initData: context.message.initData.map { Hash.sha256.digest(Array($0.body.utf8)) },
      waivedWalls: context.message.waivedWalls, platform: Hex.encode(keyring.pseudonym(of: claims.platformIdentity)),
      devices: (claims.devices?.devices ?? []).map { Hex.encode(keyring.pseudonym(of: $0.keyDigest)) })
  }

  private func accept(
    _ result: AttestationResult, _ judgement: Judgement, _ context: AttestationContext, _ subject: DecisionSubject,
    index: UInt64
  ) throws -> Attested {
    let expires = context.now.adding(configuration.tokenLifetime)
    sessions.insert(
      AttestedSession(
        logIndex: index, result: result, teeKey: context.message.teePublicKey, subject: subject, expires: expires))
    var session = context.session
    session.state = .attested(
      Session.Attested(
        teeKeyThumbprint: subject.teeKey, claimsDigest: subject.evidence, logIndex: index, expires: expires))
    var token = EARToken(
      issuer: instance.logName, build: origin.build, issued: context.now, expires: expires,
      teePublicKey: context.message.teePublicKey,
      tee: session.tee, claims: Self.tokenClaims(result.claims), nonce: session.challenge.nonce,
      trustworthiness: Self.trustworthiness(judgement), isSimulated: result.isSimulated,
      evidenceDigest: subject.evidence,
      logIndex: index, keyEpoch: 1)
    (token.reportData, token.initData) = subject.claims.boundData
    return Attested(token: try token.signed(with: keyring.tokenKey), cookie: try handshakes.seal(session))
  }

  /// A token travels in a header: of each device it says which one it is and what runs on it, and the log says the rest.
  private static func tokenClaims(_ claims: JSONValue) -> JSONValue {
    guard var members = claims.objectValue, var nvidia = members["nvidia"]?.objectValue else { return claims }
    let kept = ["chip", "keyDigest", "driverVersion", "vbiosVersion", "mode"]
    nvidia["devices"] = .array(
      (nvidia["devices"]?.arrayValue ?? []).map { device in
        .object(JSONObject(kept.compactMap { name in device[name].map { (name, $0) } }))
      })
    members["nvidia"] = .object(nvidia)
    return .object(members)
  }

  /// AR4SI: genuine hardware, an approved configuration, approved boot-time executables; for a break-glass, executables
  /// that nobody approved as a bundle. A pod gets a token for nothing less.
  private static func trustworthiness(_ judgement: Judgement) -> TrustworthinessVector {
    var vector = TrustworthinessVector()
    vector.hardware = 2
    vector.configuration = 2
    vector.executables = judgement.isBreakGlass ? 33 : 3
    return vector
  }
}

extension TEE {
  /// The width of the field that holds the init-data digest: HOST_DATA or MRCONFIGID.
  fileprivate var hostDataCount: Int { self == .tdx ? 48 : 32 }
}

/// What `/attest` was asked, parsed and believed by nobody.
private struct AttestationRequest: Sendable {
  let session: Session
  let message: AttestationMessage
  /// Of nonce and key, and of the devices' evidence: what the processor's must have been made for.
  let digest: [UInt8]
  /// Of nonce and key alone: what the devices' must have been made for.
  let deviceDigest: [UInt8]
  let evidence: UnverifiedEvidence
  let devices: NVIDIAEvidence?
}

/// One attestation on its way through `attest`.
struct AttestationContext: Sendable {
  let session: Session
  let message: AttestationMessage
  let body: [UInt8]
  let floors: EvaluationFloors
  let now: Timestamp
}
