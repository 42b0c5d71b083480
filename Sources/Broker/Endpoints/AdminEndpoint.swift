import Appraisal
import Bytes
import Cryptography
import KBSProtocol
import SignedNotes
import Telemetry
import TransparencyLog
import Transport

/// The listener for administrators, who hold a client certificate whose key `init` pinned. What they may do without the
/// approvers' signatures never widens what is released.
struct AdminEndpoint: HTTPResponder {
  let broker: KeyBroker
  /// SHA-256 of each administrator's SubjectPublicKeyInfo, and what its holder is.
  let pins: [[UInt8]: Set<AdminRole>]

  func bodyLimit(for head: HTTPRequestHead) -> Int { head.method == .post || head.method == .put ? 1 << 20 : 0 }

  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse { FramingFailure.response(status, reason) }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard let key = request.clientKey, let roles = pins[key] else { return BrokerError.notAuthorised.response() }
    guard !AdminRole.permitted(request.method, request.segments).isDisjoint(with: roles) else {
      return BrokerError.roleMissing.response()
    }
    do {
      return try await route(request)
    } catch let error as BrokerError {
      return error.response()
    } catch let error as StatementError {
      return refused(error)
    } catch {
      broker.events.write(.error, "internal-error", ["kind": .code(String(describing: type(of: error)))])
      return BrokerError.storeDamaged.response()
    }
  }

  private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
    let segments = request.segments
    if segments.starts(with: ["kbs", "v0"]) { return try await compatible(request, Array(segments.dropFirst(2))) }
    guard segments.first == "v1", segments.count >= 2 else { throw BrokerError.unknownRoute }
    let rest = Array(segments.dropFirst(2))
    switch (request.method, segments[1]) {
    case (.post, "statements") where rest.isEmpty: return try await submit(request.body)
    case (.get, "references"): return try await references(rest)
    case (.get, "keys") where rest.isEmpty: return await keys()
    case (.put, "keys"): return try await putKey(request, rest)
    case (.delete, "keys"): return try await deleteKey(rest)
    case (.get, "decisions") where rest.count == 1: return try await decision(rest[0])
    case (.get, "evidence") where rest.count == 1: return try await evidence(rest[0])
    case (.get, "openings") where rest.isEmpty: return try await openings(request)
    case (.get, "status") where rest.isEmpty: return json(await broker.status())
    default: throw BrokerError.unknownRoute
    }
  }

  private func json(_ value: JSONValue, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, body: CanonicalJSON.encode(value) + [0x0A], contentType: "application/json")
  }

  private func refused(_ error: StatementError) -> HTTPResponse {
    let body = ErrorBody(.rvpsError, detail: error.description, code: error.code)
    return HTTPResponse(status: 403, body: body.encoded(), contentType: "application/json")
  }

  private func submit(_ note: [UInt8]) async throws -> HTTPResponse {
    let receipt = try await broker.submitStatement(note)
    return json(.object([("index", .int(receipt.index)), ("proof", .string(Base64.encode(receipt.tlogProof)))]))
  }

  private func references(_ rest: [String]) async throws -> HTTPResponse {
    let values = await broker.registry.snapshot.values
    guard let name = rest.first else { return json(values.listing(at: broker.clock())) }
    guard rest.count == 1, let shown = values.showing(name) else { throw BrokerError.bundleUnknown }
    return json(shown)
  }

  private func keys() async -> HTTPResponse {
    let snapshot = await broker.registry.snapshot
    let rows = snapshot.keys.values.sorted { $0.resource < $1.resource }.map { record in
      JSONValue.object([
        ("resource", .string(record.resource.text)), ("version", .int(record.version)),
        ("bundle", .string(record.bundle)), ("kek", .string(record.kekID)),
        ("time", .string(record.time.rfc3339Milliseconds)),
      ])
    }
    return json(.object([("keys", .array(rows))]))
  }

  private func putKey(_ request: HTTPRequest, _ segments: [String]) async throws -> HTTPResponse {
    let path = try kbsParsing { () throws(KBSProtocolError) in try ResourcePath(segments) }
    guard let bundle = request.query.first(where: { $0.name == "bundle" })?.value, !bundle.isEmpty else {
      throw BrokerError.malformed(ParseError("bundle", .missing))
    }
    let (record, receipt) = try await broker.putKey(request.body, for: path, bundle: bundle)
    return json(
      .object([
        ("resource", .string(path.text)), ("version", .int(record.version)), ("bundle", .string(bundle)),
        ("index", .int(receipt.index)),
      ]))
  }

  private func deleteKey(_ segments: [String]) async throws -> HTTPResponse {
    let path = try kbsParsing { () throws(KBSProtocolError) in try ResourcePath(segments) }
    let receipt = try await broker.deleteKey(path)
    return json(.object([("resource", .string(path.text)), ("index", .int(receipt.index))]))
  }

  private func decision(_ id: String) async throws -> HTTPResponse { json(try await broker.explanation(of: id)) }

  private func evidence(_ hex: String) async throws -> HTTPResponse {
    guard let digest = try? Hex.decode(hex, "evidence"), digest.count == 32,
      let blob = try? await broker.evidence.read(digest)
    else { throw BrokerError.decisionUnknown }
    return HTTPResponse(status: 200, body: blob, contentType: "application/octet-stream")
  }

  private func openings(_ request: HTTPRequest) async throws -> HTTPResponse {
    func number(_ name: String) throws(BrokerError) -> UInt64 {
      guard let text = request.query.first(where: { $0.name == name })?.value, let number = UInt64(text) else {
        throw .malformed(ParseError(name, .unexpected))
      }
      return number
    }
    return json(try await broker.openings(from: try number("from"), count: try number("count")).json)
  }

  /// The administrative calls of kbs-client, mapped onto what needs signatures here.
  private func compatible(_ request: HTTPRequest, _ rest: [String]) async throws -> HTTPResponse {
    switch (request.method, rest.first) {
    case (.delete, "resource"):
      _ = try await deleteKey(Array(rest.dropFirst()))
      return HTTPResponse(status: 200, body: [])
    case (.post, "resource"):
      let path = try kbsParsing { () throws(KBSProtocolError) in try ResourcePath(Array(rest.dropFirst())) }
      guard let bound = await broker.registry.snapshot.history[path] else { throw BrokerError.bundleUnknown }
      _ = try await broker.putKey(request.body, for: path, bundle: bound.bundle)
      return HTTPResponse(status: 200, body: [])
    case (.post, "reference-value"): throw BrokerError.unsignedReferenceValue
    case (.get, "resource-policy"): return json(.array([]))
    case (.post, "resource-policy"), (.post, "attestation-policy"): throw BrokerError.policyLanguageUnsupported
    default: throw BrokerError.unknownRoute
    }
  }
}
