import Bytes
import Evidence
import Transport

/// The paths of a pod's api-server-rest, answered from a simulated guest. Everything it says is SIMULATED.
///
/// Spec: CoCo guest-components, api-server-rest: `runtime_data` is used as report data as it is; with `encoding=base64`
/// it is base64url without padding.
struct GuestServices: HTTPResponder {
  let pod: GuestWithGPUs
  private var guest: Guest { pod.guest }

  init(_ pod: GuestWithGPUs) { self.pod = pod }

  func bodyLimit(for head: HTTPRequestHead) -> Int { 0 }

  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse { text(status, "SIMULATED: bad request") }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard request.method == .get else { return text(405, "METHOD NOT ALLOWED") }
    switch request.path {
    case "/info":
      let tee = JSONValue.string(guest.tee.rawValue)
      return json(["version": "SIMULATED", "tee": tee, "feature": "attestation", "simulated": true])
    case "/aa/evidence": return evidence(request)
    case "/aa/additional-evidence":
      guard let data = runtimeData(request) else { return text(400, "BAD REQUEST") }
      return binary(pod.additionalEvidence(reportData: data))
    default:
      let isResource = request.path.hasPrefix("/cdh/")
      return text(404, isResource ? "Resource Feature Not Enabled" : "URL NOT FOUND")
    }
  }

  private func evidence(_ request: HTTPRequest) -> HTTPResponse {
    guard let data = runtimeData(request) else { return text(400, "BAD REQUEST") }
    guard data.count <= 64 else { return text(500, "report data has at most 64 bytes") }
    guard let json = try? guest.kbsEvidence(reportData: data) else {
      return text(500, "the simulated evidence is malformed")
    }
    return binary(CanonicalJSON.encode(json))
  }

  /// `nil` when absent, in an unknown encoding or not in it.
  private func runtimeData(_ request: HTTPRequest) -> [UInt8]? {
    let query = request.query
    guard let value = query.first(where: { $0.name == "runtime_data" })?.value else { return nil }
    guard let encoding = query.first(where: { $0.name == "encoding" })?.value else { return Array(value.utf8) }
    return encoding == "base64" ? try? Base64.decodeURL(value, "runtime_data") : nil
  }

  private func binary(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(status: 200, body: body, contentType: "application/octet-stream")
  }

  private func json(_ value: JSONValue) -> HTTPResponse {
    HTTPResponse(status: 200, body: CanonicalJSON.encode(value), contentType: "application/json")
  }

  private func text(_ status: Int, _ message: String) -> HTTPResponse {
    HTTPResponse(status: status, body: Array(message.utf8), contentType: "text/plain")
  }
}
