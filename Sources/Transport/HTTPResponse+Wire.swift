extension HTTPResponse {
  static let continueBytes = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// The response as it is sent. Fields that frame the message are the server's own, so the responder's are left out;
  /// a field that could not be sent as it is makes the whole answer a bare 500.
  func wire(keepsAlive: Bool) -> [UInt8] {
    guard headers.allSatisfy({ Self.isSendable($0.0, $0.1) }), (200...599).contains(status) else {
      return HTTPResponse(status: 500).wire(keepsAlive: keepsAlive)
    }
    var text = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
    var isCachingSaid = false
    var isAllowanceSaid = false
    for (name, value) in headers {
      let lower = name.lowercased()
      if Self.framing.contains(lower) { continue }
      if lower == "cache-control" { isCachingSaid = true }
      if lower == "allow" { isAllowanceSaid = true }
      text += "\(name): \(value)\r\n"
    }
    if !isCachingSaid { text += "Cache-Control: no-store\r\n" }
    if status == 405, !isAllowanceSaid { text += "Allow: GET, POST, PUT, DELETE\r\n" }
    let hasBody = status != 204 && status != 304
    if hasBody { text += "Content-Length: \(body.count)\r\n" }
    text += keepsAlive ? "\r\n" : "Connection: close\r\n\r\n"
    var bytes = Array(text.utf8)
    if hasBody { bytes += body }
    return bytes
  }

  private static let framing: Set<String> = ["content-length", "transfer-encoding", "connection", "server"]

  private static func isSendable(_ name: String, _ value: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy(HTTPFields.isToken)
      && value.utf8.allSatisfy { ($0 >= 0x20 && $0 <= 0x7E) || $0 == 0x09 }
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 204: "No Content"
    case 206: "Partial Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 425: "Too Early"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: status < 400 ? "OK" : "Error"
    }
  }
}
