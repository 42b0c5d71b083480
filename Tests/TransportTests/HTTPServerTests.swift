import Glibc
import Testing
import Transport

struct HTTPServerTests {
  static let get = "GET /a/b HTTP/1.1\r\nHost: localhost\r\n\r\n"

  @Test func oneConnectionCarriesManyRequests() async throws {
    try await withServer { server in
      let port = server.boundPort
      let replies = try await raw {
        let client = try RawClient(port: port)
        return (0..<3).map { _ in
          client.send(Self.get)
          return client.receiveResponse() ?? ""
        }
      }
      for reply in replies {
        #expect(
          reply == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\n/a/b", "the exact bytes")
      }
      #expect(server.load.accepted == 1)
    }
  }

  @Test func aRequestMayComeByteByByte() async throws {
    try await withServer { server in
      let port = server.boundPort
      let reply = try await raw {
        let client = try RawClient(port: port)
        for byte in "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nxyz".utf8 { client.send([byte]) }
        return client.receiveResponse()
      }
      #expect(reply?.status == 200)
      #expect(reply?.hasSuffix("\r\n\r\nxyz") == true)
    }
  }

  @Test func everyBadRequestIsAnsweredOnceAndEndsTheConnection() async throws {
    try await withServer { server in
      let port = server.boundPort
      for row in BadRequests.all {
        let reply = try await conversation(port, row.bytes)
        #expect(reply?.status == row.status, "\(row.rule)")
        #expect(reply?.has("Connection: close\r\n") == true, "\(row.rule)")
        #expect(reply?.has("{\"type\":\"test\",\"detail\":\"") == true, "\(row.rule)")
        #expect(reply?.dropFirst().range(of: "HTTP/1.1") == nil, "\(row.rule)")
        #expect((row.status == 405) == (reply?.has("Allow: GET, POST, PUT, DELETE\r\n") == true), "\(row.rule)")
      }
    }
  }

  @Test func bytesBehindARequestAreNeverReadAsAnother() async throws {
    let counter = Counter()
    let responder = TestResponder(answer: { _ in
      counter.add()
      return HTTPResponse(status: 200)
    })
    try await withServer(responder) { server in
      let twice = try await conversation(server.boundPort, Array((Self.get + Self.get).utf8))
      #expect(twice?.status == 200)
      #expect(twice?.has("Connection: close\r\n") == true)
      #expect(counter.value == 1)
      let body = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.1\r\n"
      let tail = try await conversation(server.boundPort, Array(body.utf8))
      #expect(tail?.has("Connection: close\r\n") == true)
      #expect(counter.value == 2)
    }
  }

  @Test func bytesDuringAnAnswerEndTheConnectionAfterIt() async throws {
    let responder = TestResponder(answer: { _ in
      try? await Task.sleep(for: .milliseconds(200))
      return HTTPResponse(status: 200)
    })
    try await withServer(responder) { server in
      let port = server.boundPort
      let reply = try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        usleep(50_000)
        client.send(Self.get)
        return client.receiveAll()
      }
      #expect(reply?.status == 200)
      #expect(reply?.has("Connection: close\r\n") == true)
      #expect(reply?.dropFirst().range(of: "HTTP/1.1") == nil)
    }
  }

  @Test func aClientThatHasEndedItsSideStillGetsItsAnswer() async throws {
    try await withServer { server in
      let port = server.boundPort
      let reply = try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        client.endSending()
        return client.receiveAll()
      }
      #expect(reply?.status == 200)
    }
  }

  @Test func aClientMayAskForTheEnd() async throws {
    try await withServer { server in
      let text = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      let reply = try await conversation(server.boundPort, Array(text.utf8))
      #expect(reply?.status == 200)
      #expect(reply?.has("Connection: close\r\n") == true)
    }
  }

  // MARK: bodies

  @Test func aBodyTooLargeIsRefusedBeforeItIsSent() async throws {
    let responder = TestResponder(limit: { $0.path == "/big" ? 1000 : 0 })
    try await withServer(responder) { server in
      for (path, length, status) in [
        ("/big", 1000, 0), ("/big", 1001, 413), ("/small", 1, 413), ("/small", 0, 200), ("/big", 9_999_999_999, 413),
      ] {
        let text = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\n\r\n"
        let port = server.boundPort
        let reply = try await raw {
          let client = try RawClient(port: port, patience: 1)
          client.send(text)
          return client.receiveResponse()
        }
        #expect(reply?.status ?? 0 == status, "\(path) \(length)")
      }
    }
  }

  @Test func aRefusalIsReadableEvenWhileTheBodyIsBeingSent() async throws {
    let responder = TestResponder(limit: { _ in 0 })
    try await withServer(responder) { server in
      let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
      let reply = try await conversation(
        server.boundPort, Array(text.utf8) + [UInt8](repeating: 0x61, count: 3_000_000))
      #expect(reply?.status == 413)
    }
  }

  @Test func continueIsSaidOnlyAfterTheChecks() async throws {
    let responder = TestResponder(
      limit: { $0.path == "/no" ? 0 : 100 },
      early: { $0.headers.first("authorization") == nil ? HTTPResponse(status: 401) : nil })
    try await withServer(responder) { server in
      let port = server.boundPort
      let ask = { @Sendable (path: String, more: String) in
        try await raw {
          let client = try RawClient(port: port, patience: 8)
          client.send(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(more)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
          let first = client.receive().map { String(decoding: $0, as: UTF8.self) } ?? ""
          guard first.status == 100 else { return [first] }
          client.send("ok")
          return [first, client.receiveResponse() ?? ""]
        }
      }
      let stranger = try await ask("/", "")
      #expect(stranger[0].status == 401)
      let large = try await ask("/no", "Authorization: x\r\n")
      #expect(large[0].status == 413)
      let good = try await ask("/", "Authorization: x\r\n")
      #expect(good.first == "HTTP/1.1 100 Continue\r\n\r\n")
      #expect(good.last?.status == 200)
      #expect(good.last?.hasSuffix("ok") == true)
    }
  }

  @Test func anEarlyAnswerSparesTheBodyAndEndsTheConnection() async throws {
    let responder = TestResponder(early: { _ in HTTPResponse(status: 429) })
    try await withServer(responder) { server in
      let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
      let reply = try await conversation(server.boundPort, Array(text.utf8))
      #expect(reply?.status == 429)
      #expect(reply?.has("Connection: close\r\n") == true)
    }
  }

  @Test func theServerHoldsOnlySoManyRequestBytes() async throws {
    try await withServer(limits: limits { $0.bufferedBytes = 50_000 }) { server in
      let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
      let reply = try await conversation(server.boundPort, Array(text.utf8) + [UInt8](repeating: 0x61, count: 60_000))
      #expect(reply?.status == 503)
      #expect(reply?.has("overloaded") == true)
    }
  }

  // MARK: names

  @Test func onlyRequestsForOurNamesAreAnswered() async throws {
    try await withServer(names: ["kbs.example", "*.wild.example"]) { server in
      for (host, status) in [
        ("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1:9", 200), ("[::1]:80", 200), ("kbs.example", 200),
        ("KBS.Example:8443", 200), ("a.wild.example", 200), ("kbs.example.", 421), ("xkbs.example", 421),
        ("a.kbs.example", 421), ("wild.example", 421), ("a.b.wild.example", 421), (".wild.example", 421),
        ("127.0.0.2", 421), ("evil.example", 421),
      ] {
        let text = "GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
        let reply = try await conversation(server.boundPort, Array(text.utf8))
        #expect(reply?.status == status, "\(host)")
      }
    }
  }

  // MARK: answers

  @Test func aResponderCannotSplitOrReframeItsAnswer() async throws {
    let responder = TestResponder(answer: { request in
      switch request.path {
      case "/split": HTTPResponse(status: 200, headers: [("X", "a\r\nSet-Cookie: b")], body: [1])
      case "/name": HTTPResponse(status: 200, headers: [("X: y\r\nZ", "a")])
      case "/status": HTTPResponse(status: 1000)
      default:
        HTTPResponse(
          status: 200,
          headers: [
            ("content-length", "99"), ("Transfer-Encoding", "chunked"), ("Server", "x"), ("Cache-Control", "y"),
          ],
          body: Array("ok".utf8))
      }
    })
    try await withServer(responder) { server in
      let ask = { (path: String) in
        let text = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return try await conversation(server.boundPort, Array(text.utf8))
      }
      for path in ["/split", "/name", "/status"] {
        let reply = try await ask(path)
        #expect(reply?.status == 500)
        #expect(reply?.has("Set-Cookie") == false)
      }
      let reframed = try await ask("/")
      #expect(
        reframed == "HTTP/1.1 200 OK\r\nCache-Control: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    }
  }

  @Test func aLargeAnswerArrivesWhole() async throws {
    let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) & 0x7F }
    try await withServer(TestResponder(answer: { _ in HTTPResponse(status: 200, body: body) })) { server in
      let text = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      let reply = try await conversation(server.boundPort, Array(text.utf8))
      #expect(reply.map { Array($0.utf8.suffix(body.count)) } == body)
    }
  }

  @Test func handlersRunOnTheReactorsThreads() async throws {
    let responder = TestResponder(answer: { _ in
      let before = threadID()
      try? await Task.sleep(for: .milliseconds(1))
      let after = threadID()
      let away = await withTaskExecutorPreference(globalConcurrentExecutor) { threadID() }
      let back = threadID()
      let isHome = before == after && after == back && back != away
      return HTTPResponse(status: isHome ? 200 : 500)
    })
    try await withServer(responder, limits: limits { $0.reactors = 1 }) { server in
      let port = server.boundPort
      let reply = try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        return client.receiveResponse()
      }
      #expect(reply?.status == 200)
    }
  }
}

private func threadID() -> pthread_t { pthread_self() }

extension Substring {
  fileprivate func range(of text: String) -> Range<String.Index>? { String(self).range(ofText: text) }
}
