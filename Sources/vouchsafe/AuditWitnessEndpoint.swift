import Bytes
import Platform
import TransparencyLog
import Transport

/// The witness and its one turn at a time: a request is judged, kept and signed before the next one is looked at. On a
/// thread of its own, because keeping waits for the disk.
actor WitnessKeeper {
  private let executor: SerialThread
  private var witness: Witness

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  init(_ witness: Witness) throws(PlatformError) {
    executor = try SerialThread()
    self.witness = witness
  }

  func add(_ body: [UInt8]) throws(WitnessRefusal) -> [UInt8] { try witness.add(body, at: Timestamp.now) }
  func checkpoint(named name: String) -> [UInt8]? { witness.checkpoint(named: name) }
}

/// `POST /add-checkpoint` and `GET /<hex SHA-256 of the origin>/checkpoint`. Spec: C2SP tlog-witness.
struct WitnessEndpoint: HTTPResponder {
  let keeper: WitnessKeeper

  func bodyLimit(for head: HTTPRequestHead) -> Int {
    head.method == .post && head.path == "/add-checkpoint" ? WitnessRequest.limitBytes : 0
  }

  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse { Self.text(status, "\(reason.code)\n") }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    switch (request.method, request.segments) {
    case (.post, ["add-checkpoint"]): return await add(request.body)
    case (.get, ["livez"]): return Self.text(200, "ok\n")
    case (.get, let parts) where parts.count == 2 && parts[1] == "checkpoint":
      guard let note = await keeper.checkpoint(named: parts[0]) else { return Self.text(404, "none\n") }
      return HTTPResponse(status: 200, body: note, contentType: "text/plain; charset=utf-8")
    case (_, ["add-checkpoint"]): return Self.text(405, "methodNotAllowed\n", [("Allow", "POST")])
    case (.get, _): return Self.text(404, "unknownRoute\n")
    default: return Self.text(405, "methodNotAllowed\n", [("Allow", "GET")])
    }
  }

  private func add(_ body: [UInt8]) async -> HTTPResponse {
    do throws(WitnessRefusal) {
      let lines = try await keeper.add(body)
      return HTTPResponse(status: 200, body: lines, contentType: "text/plain; charset=utf-8")
    } catch {
      let (bytes, type) = error.body
      return HTTPResponse(status: error.status, body: bytes, contentType: type)
    }
  }

  private static func text(_ status: Int, _ text: String, _ headers: [(String, String)] = []) -> HTTPResponse {
    HTTPResponse(status: status, headers: headers, body: Array(text.utf8), contentType: "text/plain; charset=utf-8")
  }
}
