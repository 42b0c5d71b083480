/// Turns the bytes of one connection into one request at a time. Pure: what to do is returned, not done.
struct RequestReader: Sendable {
  enum Stage: Sendable, Equatable { case idle, head, body }

  enum Step: Sendable {
    /// Nothing to do until more bytes come.
    case more
    /// The head is in order; tell the peer to send the body.
    case sendContinue
    /// Answer with `failure` of the responder, then close.
    case refuse(HTTPFailure)
    /// Answer without reading the body.
    case answer(HTTPResponse, keepsAlive: Bool)
    case request(HTTPRequest, keepsAlive: Bool)
  }

  /// What the server knows of the connection.
  struct Connection: Sendable {
    let peer: PeerAddress
    let local: PeerAddress?
    let certificateNames: ServerNames?
    let clientKey: [UInt8]?
  }

  /// What the server knows of itself.
  struct Rules: Sendable {
    let limits: ServerLimits
    let names: ServerNames
    let responder: any HTTPResponder
  }

  private(set) var stage = Stage.idle
  private var parser: HTTPHeadParser
  private var buffer: [UInt8] = []
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var keepsAlive = true

  init(limits: ServerLimits) { parser = HTTPHeadParser(limits: limits) }

  /// Bytes held for the unfinished request.
  var bufferedBytes: Int { buffer.count + body.count }
  /// Bytes of the body received so far.
  var bodyBytes: Int { body.count }

  mutating func take(_ bytes: ArraySlice<UInt8>, of connection: Connection, by rules: Rules) -> Step {
    if let head { return takeBody(bytes, of: head) }
    stage = .head
    buffer += bytes
    do throws(HTTPFailure) {
      guard let parsed = try parser.advance(over: buffer) else { return .more }
      return try begin(parsed, of: connection, by: rules)
    } catch {
      return .refuse(error)
    }
  }

  /// Overwrites and gives back what was held; must be called before the next request and before the end.
  mutating func reset(limits: ServerLimits) {
    buffer.erase()
    body.erase()
    self = RequestReader(limits: limits)
  }

  private mutating func begin(
    _ parsed: HTTPHead, of connection: Connection, by rules: Rules
  ) throws(HTTPFailure) -> Step {
    guard
      connection.local?.host == parsed.host || rules.names.contain(parsed.host)
        || connection.certificateNames?.contain(parsed.host) == true
    else { throw .hostUnknown }
    let head = HTTPRequestHead(
      method: parsed.method, target: parsed.target, headers: parsed.headers, contentLength: parsed.contentLength,
      peer: connection.peer, clientKey: connection.clientKey)
    let isAllHere = buffer.count - parsed.byteCount == parsed.contentLength
    if let answer = rules.responder.earlyAnswer(to: head) {
      return .answer(answer, keepsAlive: parsed.keepsAlive && isAllHere)
    }
    guard parsed.contentLength == 0 || parsed.contentLength <= rules.responder.bodyLimit(for: head) else {
      throw .bodyTooLarge
    }
    self.head = head
    stage = .body
    keepsAlive = parsed.keepsAlive
    // A small body, such as a key, is never moved while it grows: no copy of it is left behind.
    body.reserveCapacity(min(parsed.contentLength, 64 * 1024))
    let step = takeBody(buffer[parsed.byteCount...], of: head)
    let hasBodyBegun = buffer.count > parsed.byteCount
    buffer.erase()
    if case .more = step, parsed.awaitsContinue, !hasBodyBegun { return .sendContinue }
    return step
  }

  /// Bytes after the end of the message are not read, and end the connection after its answer.
  private mutating func takeBody(_ bytes: ArraySlice<UInt8>, of head: HTTPRequestHead) -> Step {
    let missing = head.contentLength - body.count
    body += bytes.prefix(missing)
    guard body.count == head.contentLength else { return .more }
    let request = HTTPRequest(head: head, body: body)
    body = []
    return .request(request, keepsAlive: keepsAlive && bytes.count == missing)
  }
}
