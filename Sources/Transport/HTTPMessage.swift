/// The methods this server speaks; all others are refused with 405.
package enum HTTPMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
}

/// The fields of a request in the order they came; names lower-case, values trimmed ASCII. Unverified.
package struct HTTPHeaders: Sendable, Equatable {
  package let all: [Field]

  package struct Field: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  package init(_ fields: [(String, String)] = []) {
    all = fields.map { Field(name: $0.0.lowercased(), value: $0.1) }
  }

  init(fields: [Field]) { all = fields }

  /// The value of the first field of that name, which is written lower-case.
  package func first(_ lowercasedName: String) -> String? { all.first { $0.name == lowercasedName }?.value }
}

/// A well-formed request head with what is known of the connection it came by. Unverified.
package struct HTTPRequestHead: Sendable {
  package let method: HTTPMethod
  package let target: HTTPTarget
  package let headers: HTTPHeaders
  /// Bytes of the body, as the peer announced them.
  package let contentLength: Int
  package let peer: PeerAddress
  /// SHA-256 of the SubjectPublicKeyInfo of the client's certificate, whose key the client proved to hold.
  package let clientKey: [UInt8]?

  package var path: String { target.path }
  package var segments: [String] { target.segments }
  package var query: [(name: String, value: String)] { target.query.map { ($0.name, $0.value) } }
}

/// A complete request. Unverified.
package struct HTTPRequest: Sendable {
  package let head: HTTPRequestHead
  package var body: [UInt8]

  package var method: HTTPMethod { head.method }
  /// The path, percent-decoded once.
  package var path: String { head.path }
  /// The parts of the path between its slashes; none for "/".
  package var segments: [String] { head.segments }
  package var query: [(name: String, value: String)] { head.query }
  package var headers: HTTPHeaders { head.headers }
  package var peer: PeerAddress { head.peer }
  package var clientKey: [UInt8]? { head.clientKey }

  package init(head: HTTPRequestHead, body: [UInt8]) {
    self.head = head
    self.body = body
  }

  /// A request that came by no socket, by the same rules for its target.
  package init(
    _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [], body: [UInt8] = [],
    peer: PeerAddress = .loopback, clientKey: [UInt8]? = nil
  ) throws(HTTPFailure) {
    head = HTTPRequestHead(
      method: method, target: try HTTPTarget(parsing: Array(target.utf8)[...]), headers: HTTPHeaders(headers),
      contentLength: body.count, peer: peer, clientKey: clientKey)
    self.body = body
  }
}

/// An answer. The server adds length, connection and caching fields.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var headers: [(String, String)]
  package var body: [UInt8]

  package init(
    status: Int, headers: [(String, String)] = [], body: [UInt8] = [], contentType: String? = nil
  ) {
    self.status = status
    self.headers = headers + (contentType.map { [("Content-Type", $0)] } ?? [])
    self.body = body
  }
}

/// What stands behind a server.
package protocol HTTPResponder: Sendable {
  /// The largest body taken for this head, in bytes; 0 takes none. Asked before any of the body is read.
  func bodyLimit(for head: HTTPRequestHead) -> Int

  /// An answer that needs no body, such as "not authorised" or "too many requests"; nil lets the request come.
  ///
  /// It saves reading the body of a request that would be refused anyway. Runs on a reactor: must not block.
  func earlyAnswer(to head: HTTPRequestHead) -> HTTPResponse?

  /// The answer. Runs as a task on a reactor thread: whatever computes for long or blocks must leave it first.
  /// The task is cancelled when the request's time is up.
  func respond(to request: HTTPRequest) async -> HTTPResponse

  /// What the peer is told when the server itself refuses; `status` is `reason.status`.
  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse
}

extension HTTPResponder {
  package func earlyAnswer(to head: HTTPRequestHead) -> HTTPResponse? { nil }
}
