import Bytes
package import Cryptography
import Fetch
package import KBSProtocol

/// What the broker released: still encrypted to the pod's key, not yet shown to be logged.
package struct SealedRelease: Equatable, Sendable {
  /// Flattened JWE JSON.
  package let jwe: [UInt8]
  /// The header `Vouchsafe-Log-Proof` as it came.
  package let logProof: String?
  /// The header that opens the resource's name in a log that keeps names private.
  package let logOpening: String?
}

/// Waits between two attempts.
package typealias Pause = @Sendable (Duration) async throws -> Void

/// The attester's side of request, challenge, attestation, response. Spec: kbs-protocol §1.15.
package struct RCARClient: Sendable {
  /// Handshakes tried in all, however they fail.
  package static let attemptLimit = 5
  private static let challengeLimitBytes = 1 << 16
  private static let tokenLimitBytes = 4 << 20
  private static let releaseLimitBytes = 1 << 20

  private static let userAgent = ("User-Agent", "vouchsafe-agent")

  private let url: String
  private let send: Exchange
  private let pause: Pause
  private let waivedWalls: [String]

  /// - Parameter waivedWalls: of the engine's room, for the record that the decision is made from.
  package init(
    url: String, send: @escaping Exchange, pause: @escaping Pause, waivedWalls: [String] = []
  ) {
    self.url = url
    self.send = send
    self.pause = pause
    self.waivedWalls = waivedWalls
  }

  /// Attests and fetches one resource, encrypted to `key`.
  ///
  /// Tried again: what may pass by itself (no connection, 429, 5xx), and once a session that the server lost (401 on the
  /// resource). A denial is final.
  package func release(
    _ resource: ResourcePath, evidence: any EvidenceSource, key: TEEKeyPair
  ) async throws(AgentError) -> SealedRelease {
    var wait = Duration.seconds(1)
    var mayRenewSession = true
    var attempt = 1
    while true {
      do throws(AgentError) {
        return try await attemptRelease(resource, evidence, key)
      } catch {
        let isLostSession = error.isUnauthorised(at: .resource) && mayRenewSession
        guard attempt < Self.attemptLimit, error.mayPass || isLostSession else { throw error }
        if isLostSession { mayRenewSession = false }
        attempt += 1
        do { try await pause(wait) } catch { throw .noAnswer(.auth, .cancelled) }
        wait = min(wait * 2, .seconds(8))
      }
    }
  }

  private func attemptRelease(
    _ resource: ResourcePath, _ evidence: any EvidenceSource, _ key: TEEKeyPair
  ) async throws(AgentError) -> SealedRelease {
    let (challenge, cookie) = try await challenge(tee: try await evidence.tee())
    let (message, hash) = (RuntimeData(nonce: challenge.nonce, teePublicKey: key.jwk), challenge.hash)
    // Devices first: the CPU's evidence covers theirs.
    let additional = try await evidence.additionalEvidence(message.digest(.device, hash: hash))
    let runtime = RuntimeData(nonce: challenge.nonce, teePublicKey: key.jwk, additionalEvidence: additional)
    let primary = try await evidence.primaryEvidence(runtime.digest(.primary, hash: hash))
    let body = AttestationMessage(runtimeData: runtime, primaryEvidence: primary, waivedWalls: waivedWalls).encoded()
    let attested = try await exchange(
      .attest, "/kbs/v0/attest", body: body, cookie: cookie, limitBytes: Self.tokenLimitBytes)
    // The token is not needed: the session is. But an answer without one is no answer of this protocol.
    do throws(KBSProtocolError) {
      _ = try AttestationResponse(parsing: attested.body)
    } catch {
      throw .malformedAnswer(.attest)
    }
    let released = try await exchange(
      .resource, resource.requestPath, body: nil, cookie: Self.cookie(of: attested) ?? cookie,
      limitBytes: Self.releaseLimitBytes)
    return SealedRelease(
      jwe: released.body, logProof: released.header("vouchsafe-log-proof"),
      logOpening: released.header("vouchsafe-log-opening"))
  }

  private func challenge(tee: TEEName) async throws(AgentError) -> (Challenge, cookie: String) {
    let response = try await exchange(
      .auth, "/kbs/v0/auth", body: KBSRequest(tee: tee).encoded(), cookie: nil, limitBytes: Self.challengeLimitBytes)
    guard let cookie = Self.cookie(of: response) else { throw .malformedAnswer(.auth) }
    do throws(KBSProtocolError) {
      let challenge = try Challenge(parsing: response.body)
      // Report data has room for 48 bytes of digest and no more.
      guard challenge.hash.byteCount <= 64 else { throw KBSProtocolError.unsupportedHashAlgorithm }
      return (challenge, cookie)
    } catch {
      throw .malformedAnswer(.auth)
    }
  }

  private static func cookie(of response: FetchResponse) -> String? {
    response.headers("set-cookie").lazy.compactMap(CookieHeader.value(inSetCookie:)).first
  }

  private func exchange(
    _ step: AgentError.RCARStep, _ path: String, body: [UInt8]?, cookie: String?, limitBytes: Int
  ) async throws(AgentError) -> FetchResponse {
    var headers = [Self.userAgent]
    if body != nil { headers.append(("Content-Type", "application/json")) }
    if let cookie { headers.append(("Cookie", CookieHeader.cookie(cookie))) }
    let request = FetchRequest(
      method: body == nil ? "GET" : "POST", url: url + path, headers: headers, body: body, timeout: .seconds(60),
      maxBody: limitBytes)
    let response: FetchResponse
    do throws(FetchError) {
      response = try await send(request)
    } catch {
      throw .noAnswer(step, error)
    }
    guard response.status == 200 else {
      throw .refused(step, status: response.status, try? ErrorBody(parsing: response.body))
    }
    return response
  }
}

extension AgentError {
  /// Whether the same attempt may succeed later without anybody changing anything.
  fileprivate var mayPass: Bool {
    switch self {
    case .noAnswer(_, let error): error.isRetryable
    case .refused(_, let status, _): status == 429 || (500...599).contains(status)
    default: false
    }
  }

  fileprivate func isUnauthorised(at step: RCARStep) -> Bool {
    if case .refused(step, status: 401, let body) = self { body?.name != .policyDeny } else { false }
  }
}
