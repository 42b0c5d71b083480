/// One request to be sent.
package struct FetchRequest: Sendable {
  package var method: String
  package var url: String
  package var headers: [(String, String)]
  /// nil sends no body, and no Content-Length.
  package var body: [UInt8]?
  /// The part of the resource to be sent back: first and last byte.
  package var range: ClosedRange<UInt64>?
  /// Instead of the client's.
  package var timeout: Duration?
  /// Instead of the client's.
  package var maxBody: Int?

  package init(
    method: String = "GET", url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
    range: ClosedRange<UInt64>? = nil, timeout: Duration? = nil, maxBody: Int? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.range = range
    self.timeout = timeout
    self.maxBody = maxBody
  }
}

/// What a server answered. Redirects are answers like any other. Unverified.
package struct FetchResponse: Sendable {
  package let status: Int
  /// In the order they came; names lower-case.
  package let headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package func header(_ lowercasedName: String) -> String? { headers.first { $0.name == lowercasedName }?.value }

  package func headers(_ lowercasedName: String) -> [String] {
    headers.filter { $0.name == lowercasedName }.map(\.value)
  }
}

extension FetchRequest {
  /// Refuses what libcurl would send differently from what was meant.
  func check(allowPlainHTTP: Bool) throws(FetchError) {
    let isSecure = url.hasPrefix("https://")
    guard isSecure || (allowPlainHTTP && url.hasPrefix("http://")), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .badURL }
    let isToken = { (text: String) in !text.isEmpty && text.utf8.allSatisfy(Self.isTokenCharacter) }
    guard isToken(method) else { throw .badRequest }
    for (name, value) in headers {
      guard isToken(name), value.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x09 }) else {
        throw .badRequest
      }
    }
  }

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
