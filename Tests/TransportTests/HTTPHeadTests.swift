import Testing
import Transport

/// The bytes of a request whose lines are given without their ends.
func request(_ lines: String...) -> [UInt8] {
  Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
}

func failure(_ bytes: [UInt8], limits: ServerLimits = ServerLimits()) -> HTTPFailure? {
  if case .refused(let reason) = HTTPHead.parse(bytes, limits: limits) { return reason }
  return nil
}

func parsed(_ bytes: [UInt8], limits: ServerLimits = ServerLimits()) -> HTTPHead? {
  if case .complete(let head) = HTTPHead.parse(bytes, limits: limits) { return head }
  return nil
}

struct HTTPHeadTests {
  static let golden = request(
    "POST /kbs/v0/auth?runtime_data=a-_b&encoding=base64&x HTTP/1.1", "Host: Broker.Example:8080",
    "User-Agent: attestation-agent-kbs-client/0.1.0", "Content-Type: application/json", "Content-Length: 42",
    "X-Empty:", "x-Padded:\t  a b \t ", "Cookie: kbs-session-id=abc", "Expect: 100-Continue",
    "Connection: keep-alive, TE")

  @Test func aGoodHeadIsReadCompletely() throws {
    let head = try #require(parsed(Self.golden))
    #expect(head.method == .post)
    #expect(head.target.path == "/kbs/v0/auth")
    #expect(head.target.segments == ["kbs", "v0", "auth"])
    #expect(head.target.query.map(\.name) == ["runtime_data", "encoding", "x"])
    #expect(head.target.query.map(\.value) == ["a-_b", "base64", ""])
    #expect(head.host == "broker.example")
    #expect(head.contentLength == 42)
    #expect(head.awaitsContinue)
    #expect(head.keepsAlive)
    #expect(head.headers.first("x-empty") == "")
    #expect(head.headers.first("x-padded") == "a b")
    #expect(head.headers.first("cookie") == "kbs-session-id=abc")
    #expect(head.headers.all.count == 9)
    #expect(head.byteCount == Self.golden.count)
  }

  @Test func everyProperPrefixIsIncomplete() {
    for count in 0..<Self.golden.count {
      #expect(HTTPHead.parse(Array(Self.golden[..<count])) == .incomplete, "prefix of \(count)")
    }
  }

  @Test func whatFollowsTheHeadIsNotLookedAt() {
    let alone = HTTPHead.parse(Self.golden)
    for tail in ["x", "\r\n", "\n", "\0", "GET / HTTP/1.1\r\n"] {
      #expect(HTTPHead.parse(Self.golden + Array(tail.utf8)) == alone)
    }
  }

  @Test func everyRefusalComesWithItsFirstBadByteAndStays() {
    for row in BadRequests.all where row.bytes.count < 400 {
      guard let end = (0...row.bytes.count).first(where: { failure(Array(row.bytes[..<$0])) != nil }) else {
        Issue.record("\(row.rule) is not refused")
        continue
      }
      for count in 0..<end { #expect(HTTPHead.parse(Array(row.bytes[..<count])) == .incomplete, "\(row.rule)") }
      for tail in ["", "\r\n", "\r\n\r\n", "Content-Length: 1\r\n\r\nx"] {
        #expect(failure(Array(row.bytes[..<end]) + Array(tail.utf8)) != nil, "\(row.rule)")
      }
    }
  }

  @Test func badRequestsAreRefusedEachForItsReason() {
    #expect(BadRequests.all.count >= 150)
    for row in BadRequests.all {
      let reason = failure(row.bytes)
      #expect(reason?.status == row.status, "\(row.rule): \(reason?.code ?? "accepted")")
    }
  }

  @Test func onlyTokensAreNamesAndOnlyPrintableTextIsAValue() {
    let specials = Array("!#$%&'*+-.^_`|~".utf8)
    for byte in UInt8.min...UInt8.max {
      let isAlphanumeric = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      let isToken = isAlphanumeric || specials.contains(byte)
      let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX".utf8)
      let name = start + [byte] + Array("Y: v\r\n\r\n".utf8)
      // A colon ends the name, and what follows is a value.
      #expect((parsed(name) != nil) == (isToken || byte == 0x3A), "byte \(byte) in a name")
      let value = start + Array(": v".utf8) + [byte] + Array("w\r\n\r\n".utf8)
      #expect((parsed(value) != nil) == (byte == 0x09 || (0x20...0x7E).contains(byte)), "byte \(byte) in a value")
    }
  }

  @Test func onlyFourMethodsAreSpokenAndTheirCaseCounts() {
    for method in HTTPMethod.allCases {
      #expect(parsed(request("\(method.rawValue) / HTTP/1.1", "Host: a"))?.method == method)
      #expect(failure(request("\(method.rawValue.lowercased()) / HTTP/1.1", "Host: a")) == .methodUnsupported)
      #expect(failure(request("\(method.rawValue)X / HTTP/1.1", "Host: a")) == .methodUnsupported)
      #expect(failure(request("\(method.rawValue.dropLast()) / HTTP/1.1", "Host: a")) == .methodUnsupported)
    }
  }

  @Test func lengthsAreOneToTenDigits() {
    for (text, length) in [("0", 0), ("1", 1), ("10", 10), ("9999999999", 9_999_999_999)] {
      #expect(parsed(request("POST / HTTP/1.1", "Host: a", "Content-Length: \(text)"))?.contentLength == length)
    }
    #expect(parsed(request("POST / HTTP/1.1", "Host: a"))?.contentLength == 0)
    #expect(parsed(request("GET / HTTP/1.1", "Host: a", "Content-Length: 0"))?.contentLength == 0)
  }

  @Test func onlyCloseEndsAConnection() {
    for (value, keepsAlive) in [
      ("close", false), ("CLOSE", false), ("keep-alive, close", false), ("close,upgrade", false), (" close\t", false),
      ("keep-alive", true), ("upgrade", true), ("closed", true), ("clos", true), ("", true),
    ] {
      let head = parsed(request("GET / HTTP/1.1", "Host: a", "Connection: \(value)"))
      #expect(head?.keepsAlive == keepsAlive, "\(value)")
    }
  }

  @Test func capsHoldToTheByte() {
    var limits = ServerLimits()
    limits.headBytes = 200
    limits.targetBytes = 20
    limits.fieldCount = 3
    let fixed = request("GET / HTTP/1.1", "Host: a", "X: ").count
    let fits = request("GET / HTTP/1.1", "Host: a", "X: " + String(repeating: "v", count: 200 - fixed))
    #expect(fits.count == 200)
    #expect(parsed(fits, limits: limits) != nil)
    let long = request("GET / HTTP/1.1", "Host: a", "X: " + String(repeating: "v", count: 201 - fixed))
    #expect(failure(long, limits: limits) == .headTooLarge)
    let target = "/" + String(repeating: "t", count: 19)
    #expect(parsed(request("GET \(target) HTTP/1.1", "Host: a"), limits: limits) != nil)
    #expect(failure(request("GET \(target)t HTTP/1.1", "Host: a"), limits: limits) == .targetTooLong)
    #expect(parsed(request("GET / HTTP/1.1", "Host: a", "b: c", "d: e"), limits: limits) != nil)
    #expect(failure(request("GET / HTTP/1.1", "Host: a", "b: c", "d: e", "f: g"), limits: limits) == .tooManyFields)
  }

  @Test func aBearerTokenOfAHundredKilobytesFits() {
    let token = String(repeating: "x", count: 100_000)
    let head = parsed(request("GET / HTTP/1.1", "Host: a", "Authorization: Bearer \(token)"))
    #expect(head?.headers.first("authorization")?.utf8.count == 100_007)
  }

  @Test func aLineWithoutEndIsRefusedWhenItCanNoLongerBeGood() {
    #expect(failure(Array(String(repeating: "A", count: 5000).utf8)) == .targetTooLong)
    #expect(failure(Array(("GET /" + String(repeating: "a", count: 5000)).utf8)) == .targetTooLong)
    #expect(failure([0x16, 0x03, 0x01]) == .requestLineMalformed)
  }

  @Test func everyFailureHasAStatusOfItsKind() {
    for reason in HTTPFailure.allCases { #expect((400...505).contains(reason.status)) }
    #expect(Set(HTTPFailure.allCases.map(\.code)).count == HTTPFailure.allCases.count)
  }
}
