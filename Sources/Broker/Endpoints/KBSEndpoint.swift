import Bytes
import Evidence
import KBSProtocol
import Telemetry
import Transport
import Verification

/// The listener for strangers: the KBS protocol, the public log, and the health of the service.
struct KBSEndpoint: HTTPResponder {
  let broker: KeyBroker

  func bodyLimit(for head: HTTPRequestHead) -> Int {
    switch (head.method, head.path) {
    case (.post, "/kbs/v0/auth"): 16 * 1024
    case (.post, "/kbs/v0/attest"): broker.configuration.attestBytes
    default: 0
    }
  }

  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse {
    broker.countCheapRefusal(reason.code)
    return FramingFailure.response(status, reason)
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let segments = request.segments
    if segments.starts(with: ["kbs", "v0"]) { return await kbs(request, Array(segments.dropFirst(2))) }
    guard request.method == .get else { return BrokerError.methodNotAllowed.response() }
    switch segments {
    case ["livez"], ["healthz"]: return HTTPResponse(status: 200, body: Array("ok\n".utf8), contentType: "text/plain")
    case ["readyz"]: return await broker.readiness()
    case ["metrics"]: return await broker.metrics()
    case [".well-known", "jwks.json"]: return broker.tokenKeys()
    default:
      if segments.first == "log" { return await broker.logFile(segments.dropFirst().joined(separator: "/")) }
      if segments.count == 3, segments.starts(with: ["v1", "proof"]) { return await broker.logProof(segments[2]) }
      return BrokerError.unknownRoute.response()
    }
  }

  private func kbs(_ request: HTTPRequest, _ rest: [String]) async -> HTTPResponse {
    switch (request.method, rest.first) {
    case (.post, "auth") where rest.count == 1: return auth(request)
    case (.post, "attest") where rest.count == 1: return await attest(request)
    case (.get, "resource"): return await resource(request, Array(rest.dropFirst()))
    default: return answer(to: BrokerError.unknownRoute)
    }
  }

  private func auth(_ request: HTTPRequest) -> HTTPResponse {
    broker.counters.add(.init("kbs_auth_requests_total"))
    guard broker.handshakeLimiter.admits(broker.clients.bucket(of: request), at: broker.clock()) else {
      return answer(to: BrokerError.rateLimited)
    }
    do {
      let message = try kbsParsing { () throws(KBSProtocolError) in try KBSRequest(parsing: request.body) }
      guard !message.tee.isSample else { throw BrokerError.teeUnsupported }
      let (session, cookie) = try broker.handshakes.open(message, at: broker.clock())
      broker.counters.add(.init("kbs_auth_successes_total"))
      return HTTPResponse(
        status: 200, headers: [("Set-Cookie", CookieHeader.setCookie(cookie, isEncrypted: broker.isEncrypted))],
        body: session.challenge.encoded(), contentType: "application/json")
    } catch {
      broker.counters.add(.init("kbs_auth_errors_total"))
      return answer(to: error)
    }
  }

  private func attest(_ request: HTTPRequest) async -> HTTPResponse {
    broker.counters.add(.init("kbs_attestation_requests_total"))
    guard broker.attestLimiter.admits(broker.clients.bucket(of: request), at: broker.clock()) else {
      return answer(to: BrokerError.rateLimited)
    }
    let cookies = request.headers.first("cookie").map(CookieHeader.values(in:)) ?? []
    do {
      let attested = try await broker.attest(cookies: cookies, body: request.body)
      broker.counters.add(.init("kbs_attestation_successes_total"))
      return HTTPResponse(
        status: 200,
        headers: [("Set-Cookie", CookieHeader.setCookie(attested.cookie, isEncrypted: broker.isEncrypted))],
        body: AttestationResponse(token: attested.token).encoded(), contentType: "application/json")
    } catch {
      broker.counters.add(.init("kbs_attestation_failures_total"))
      return answer(to: error)
    }
  }

  private func resource(_ request: HTTPRequest, _ segments: [String]) async -> HTTPResponse {
    do {
      let session = try credential(of: request)
      let path = try kbsParsing { () throws(KBSProtocolError) in try ResourcePath(segments) }
      let released = try await broker.release(path, to: session)
      broker.counters.add(.init("kbs_resource_reads_total"))
      let opening = released.logOpening.map { [(NameCommitment.header, Base64.encode($0))] } ?? []
      return HTTPResponse(
        status: 200, headers: [("Vouchsafe-Log-Proof", Base64.encode(released.logProof))] + opening,
        body: released.body, contentType: "application/json")
    } catch {
      if error as? BrokerError == .logUnavailable { try? await Task.sleep(for: broker.configuration.releaseHold) }
      return answer(to: error)
    }
  }

  /// The attested session that the cookie or, failing that, the Bearer token names.
  private func credential(of request: HTTPRequest) throws -> AttestedSession {
    let now = broker.clock()
    let cookies = request.headers.first("cookie").map(CookieHeader.values(in:)) ?? []
    if !cookies.isEmpty, let session = try? broker.handshakes.session(from: cookies, at: now),
      case .attested(let attested) = session.state
    {
      guard let found = broker.sessions.session(attested.logIndex, at: now) else { throw BrokerError.credentialExpired }
      return found
    }
    let prefix = "Bearer "
    guard let header = request.headers.first("authorization"), header.hasPrefix(prefix) else {
      throw cookies.isEmpty ? BrokerError.credentialMissing : BrokerError.credentialInvalid
    }
    return try broker.session(ofToken: String(header.dropFirst(prefix.count)), at: now)
  }

  private func answer(to error: any Error) -> HTTPResponse {
    switch error {
    case let error as BrokerError:
      if error.isRefusal { broker.countCheapRefusal(error.code) }
      return error.response()
    case let denied as Denied: return denied.response
    case is WorkQueue.Full:
      broker.countCheapRefusal(BrokerError.queueFull.code)
      return BrokerError.queueFull.response()
    default:
      broker.events.write(.error, "internal-error", ["kind": .code(String(describing: type(of: error)))])
      return BrokerError.storeDamaged.response()
    }
  }
}

/// Runs a parser of the protocol and gives its error the broker's type.
func kbsParsing<R>(_ body: () throws(KBSProtocolError) -> R) throws(BrokerError) -> R {
  do throws(KBSProtocolError) { return try body() } catch { throw error.brokerError }
}

extension Denied {
  /// 403, with the code and the id; 400 for bytes that are not evidence, 503 where the same evidence may pass once the
  /// vendor's collateral is at hand. Never which rule: that is in the explanation.
  var response: HTTPResponse {
    let status: Int
    var headers: [(String, String)] = []
    let body: ErrorBody
    switch reason {
    case .policy(let code):
      status = 403
      body = ErrorBody(.policyDeny, detail: "Access denied by policy", code: code, decisionID: decisionID)
    case .evidence(let code):
      let isMissing = code == Refusal.Code.collateralMissing.rawValue
      status = isMissing ? 503 : 403
      if isMissing { headers = [("Retry-After", "5")] }
      body = ErrorBody(.attestationError, detail: "the evidence was refused", code: code, decisionID: decisionID)
    case .malformed(let error):
      status = 400
      body = ErrorBody(.attestationError, detail: "malformed evidence", code: error.code, decisionID: decisionID)
    }
    return HTTPResponse(status: status, headers: headers, body: body.encoded(), contentType: "application/json")
  }
}

/// The body of an answer that the HTTP parser gives by itself: the protocol's error JSON too.
enum FramingFailure {
  static func response(_ status: Int, _ reason: HTTPFailure) -> HTTPResponse {
    HTTPResponse(
      status: status, body: ErrorBody(.httpFailed, detail: "bad HTTP request", code: reason.code).encoded(),
      contentType: "application/json")
  }
}
