/// What a simulated vendor says to one question, and how.
package struct VendorReply: Sendable {
  /// How the bytes go out.
  package enum Manner: Sendable {
    /// As a good server sends them.
    case whole
    /// One byte, then this long nothing.
    case slow(Duration)
    /// Nothing at all, while the connection stays.
    case silent
    /// The connection is reset in the middle of the body.
    case reset
    /// Fewer bytes than announced.
    case short(by: Int)
    /// Bytes that are no HTTP.
    case noise
  }

  package var status = 200
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8] = []
  package var manner = Manner.whole

  package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package static func text(_ status: Int, _ text: String) -> VendorReply {
    VendorReply(status: status, headers: [("Content-Type", "text/plain")], body: Array(text.utf8))
  }

  var head: [UInt8] {
    var count = body.count
    if case .short(let missing) = manner { count += missing }
    var lines = ["HTTP/1.1 \(status) Simulated"]
    lines += headers.map { "\($0.name): \($0.value)" }
    if status != 304 { lines.append("Content-Length: \(count)") }
    return Array((lines + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8)
  }
}
