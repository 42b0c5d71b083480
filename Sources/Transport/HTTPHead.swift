/// One request head as the wire had it, by the rules of this server alone. Unverified.
///
/// Shape: RFC 9112 with nothing optional: CRLF line ends only, no folding, origin-form targets, HTTP/1.1, exactly one
/// Host, at most one Content-Length, no Transfer-Encoding, no content coding.
package struct HTTPHead: Sendable, Equatable {
  package let method: HTTPMethod
  package let target: HTTPTarget
  package let headers: HTTPHeaders
  /// The host of the Host field, lower-case, without its port; IPv6 without brackets.
  package let host: String
  /// 0 when the peer announced no body.
  package let contentLength: Int
  /// Whether the peer waits for "100 Continue" before it sends the body.
  package let awaitsContinue: Bool
  package let keepsAlive: Bool
  /// Bytes of the head with the empty line that ends it.
  package let byteCount: Int

  /// What became of bytes that may be the beginning of a head.
  package enum Outcome: Sendable, Equatable {
    case complete(HTTPHead)
    case incomplete
    case refused(HTTPFailure)
  }

  /// Reads a head from the front of `bytes`; what follows the head is not looked at.
  package static func parse(_ bytes: [UInt8], limits: ServerLimits = ServerLimits()) -> Outcome {
    var parser = HTTPHeadParser(limits: limits)
    do throws(HTTPFailure) {
      return try parser.advance(over: bytes).map { .complete($0) } ?? .incomplete
    } catch {
      return .refused(error)
    }
  }
}
