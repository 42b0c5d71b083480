package import Collateral
import Fetch

/// Sends questions to vendors over HTTP, and never for longer or for more than it should.
package struct VendorClient: Sendable {
  /// From the first byte of the question to the last of the answer.
  package static let timeout = Duration.seconds(5)

  private let vendors: FetchClient
  private let named: FetchClient
  private let namedHosts: Set<String>

  /// - Parameters:
  ///   - endpoints: those whose address a person gave are asked with `authority` alone; the vendors' own with the system's.
  ///   - authority: PEM; `nil` trusts the system's authorities everywhere.
  ///   - proxy: `http://host:port`, for all.
  package init(
    _ endpoints: VendorEndpoints, authority: [UInt8]? = nil, proxy: String? = nil, timeout: Duration = Self.timeout
  ) {
    var options = FetchOptions(timeout: timeout, maxBody: 1 << 20)
    options.proxy = proxy
    options.connectTimeout = min(timeout, .seconds(3))
    vendors = FetchClient(options)
    options.caPEM = authority
    options.allowPlainHTTP = true
    named = FetchClient(options)
    let own = VendorEndpoints.vendors
    let hosts = Set(Self.urls(endpoints)).subtracting(Self.urls(own))
    namedHosts = Set(hosts.map { VendorClient.origin($0) })
  }

  private static func urls(_ endpoints: VendorEndpoints) -> [String] {
    let list: [String] = if case .file(let url) = endpoints.rootList { [url] } else { [] }
    return [endpoints.intel, endpoints.amd, endpoints.nvidia, endpoints.responder] + list
  }

  /// Scheme, host and port.
  private static func origin(_ url: String) -> String { url.split(separator: "/").prefix(2).joined(separator: "//") }

  /// Plain HTTP is for this machine alone.
  package static func isPermitted(_ url: String) -> Bool {
    if url.hasPrefix("https://") { return true }
    let hosts = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
    return hosts.contains { url == $0 || url.hasPrefix($0 + ":") || url.hasPrefix($0 + "/") }
  }

  package func send(_ request: VendorRequest) async throws(CollateralFault) -> VendorResponse {
    guard Self.isPermitted(request.url) else { throw .unreachable(FetchError.badURL.code) }
    let client = namedHosts.contains(Self.origin(request.url)) ? named : vendors
    let answer: FetchResponse
    do throws(FetchError) {
      answer = try await client.send(Self.message(request))
    } catch {
      switch error {
      case .tooLarge: throw .unreadable("too long")
      case .badReply: throw .unreadable("no HTTP")
      default: throw .unreachable(error.code)
      }
    }
    return VendorResponse(status: answer.status, headers: answer.headers, body: answer.body)
  }

  private static func message(_ request: VendorRequest) -> FetchRequest {
    guard let body = request.body else { return FetchRequest(url: request.url, maxBody: request.limitBytes) }
    return FetchRequest(
      method: "POST", url: request.url, headers: [("Content-Type", VendorRequest.bodyType)], body: body,
      maxBody: request.limitBytes)
  }
}
