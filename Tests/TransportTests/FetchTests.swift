import Fetch
import Testing
import Transport

struct FetchTests {
  private let client = FetchClient(FetchOptions(timeout: .seconds(8), maxBody: 1000, allowPlainHTTP: true))

  private func url(_ server: HTTPServer, _ path: String = "/") -> String {
    "http://127.0.0.1:\(server.boundPort)\(path)"
  }

  /// Answers with the request's method, fields and body, a line each.
  private let mirror = TestResponder(answer: { request in
    let lines = request.headers.all.map { "\($0.name)=\($0.value)" }
    let text = ([request.method.rawValue] + lines + [String(decoding: request.body, as: UTF8.self)]).joined(
      separator: "\n")
    return HTTPResponse(status: 200, headers: [("X-Two", "a"), ("x-two", "b \t")], body: Array(text.utf8))
  })

  @Test func aRequestIsSentAsItIsMeant() async throws {
    try await withServer(mirror) { server in
      let request = FetchRequest(
        method: "PUT", url: url(server), headers: [("X-Mine", "one"), ("Content-Type", "a/b")], body: Array("body".utf8)
      )
      let answer = try await client.send(request)
      let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
      #expect(lines.first == "PUT")
      #expect(lines.last == "body")
      #expect(lines.contains("x-mine=one"))
      #expect(lines.contains("content-type=a/b"))
      #expect(lines.contains("content-length=4"))
      #expect(answer.headers("x-two") == ["a", "b"])
      #expect(answer.headers.allSatisfy { $0.name == $0.name.lowercased() })
    }
  }

  @Test func nothingIsAddedThatWasNotAskedFor() async throws {
    try await withServer(mirror) { server in
      for (method, body, length) in [("GET", nil, nil), ("POST", [], "0"), ("DELETE", nil, nil)]
        as [(String, [UInt8]?, String?)]
      {
        let answer = try await client.send(FetchRequest(method: method, url: url(server), body: body))
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        #expect(lines.first.map(String.init) == method)
        #expect(!lines.contains { $0.hasPrefix("content-type=") || $0.hasPrefix("cookie=") })
        #expect(lines.contains { $0.hasPrefix("content-length=") } == (length != nil))
      }
    }
  }

  @Test func aRangeIsAskedFor() async throws {
    try await withServer(mirror) { server in
      let answer = try await client.send(FetchRequest(url: url(server), range: 5...99))
      #expect(String(decoding: answer.body, as: UTF8.self).has("range=bytes=5-99"))
    }
  }

  @Test func aRedirectIsAnAnswer() async throws {
    let responder = TestResponder(answer: { request in
      HTTPResponse(status: request.path == "/" ? 302 : 200, headers: [("Location", "/elsewhere")])
    })
    try await withServer(responder) { server in
      let answer = try await client.send(FetchRequest(url: url(server)))
      #expect(answer.status == 302)
      #expect(answer.header("location") == "/elsewhere")
    }
  }

  @Test func anAnswerTooLargeIsNotTaken() async throws {
    let responder = TestResponder(answer: {
      HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: Int($0.segments[0]) ?? 0))
    })
    try await withServer(responder) { server in
      let fitting = try await client.send(FetchRequest(url: url(server, "/1000"))).body.count
      #expect(fitting == 1000)
      await #expect(throws: FetchError.tooLarge) { try await client.send(FetchRequest(url: url(server, "/1001"))) }
      let more = FetchRequest(url: url(server, "/1001"), maxBody: 1001)
      let raised = try await client.send(more).body.count
      #expect(raised == 1001)
      let none = FetchRequest(url: url(server, "/1"), maxBody: 0)
      await #expect(throws: FetchError.tooLarge) { try await client.send(none) }
    }
  }

  @Test func waitingEnds() async throws {
    let responder = TestResponder(answer: { _ in
      try? await Task.sleep(for: .milliseconds(1500))
      return HTTPResponse(status: 200)
    })
    try await withServer(responder) { server in
      let impatient = FetchRequest(url: url(server), timeout: .milliseconds(200))
      await #expect(throws: FetchError.timeout) { try await client.send(impatient) }
      let request = FetchRequest(url: url(server))
      let task = Task { try await client.send(request) }
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      await #expect(throws: FetchError.cancelled) { try await task.value }
      let stillborn = Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        return try await client.send(request)
      }
      await #expect(throws: FetchError.cancelled) { try await stillborn.value }
    }
  }

  @Test func onlyHTTPSIsSpokenUnlessPlainIsAllowed() async throws {
    let strict = FetchClient()
    try await withServer { server in
      await #expect(throws: FetchError.badURL) { try await strict.send(FetchRequest(url: url(server))) }
    }
    for text in [
      "file:///etc/passwd", "ftp://localhost/", "localhost", "", "HTTPS://localhost/", "https://a b/",
      "https://localhost/\r\nX: y", "https://localhost/\0", "https://ü/", "https://user:word@localhost/", "https://",
    ] {
      await #expect(throws: FetchError.badURL, "\(text)") { try await client.send(FetchRequest(url: text)) }
    }
  }

  @Test func nothingCanBeSmuggledIntoARequest() async throws {
    for request in [
      FetchRequest(method: "GET / HTTP/1.1\r\nX:", url: "http://127.0.0.1:1/"),
      FetchRequest(method: "", url: "http://127.0.0.1:1/"),
      FetchRequest(url: "http://127.0.0.1:1/", headers: [("X", "a\r\nY: b")]),
      FetchRequest(url: "http://127.0.0.1:1/", headers: [("X\r\nY", "a")]),
      FetchRequest(url: "http://127.0.0.1:1/", headers: [("X:", "a")]),
      FetchRequest(url: "http://127.0.0.1:1/", headers: [("", "a")]),
      FetchRequest(url: "http://127.0.0.1:1/", headers: [("X", "a\0")]),
    ] {
      await #expect(throws: FetchError.badRequest) { try await client.send(request) }
    }
  }

  @Test func aServerThatIsNotThereIsUnreachable() async throws {
    await #expect(throws: FetchError.unreachable) { try await client.send(FetchRequest(url: "http://127.0.0.1:1/")) }
    #expect(FetchError.unreachable.isRetryable)
    #expect(!FetchError.tlsUntrusted.isRetryable)
    let broken = FetchClient(FetchOptions(caPEM: Array("no certificate".utf8)))
    await #expect(throws: FetchError.self) { try await broken.send(FetchRequest(url: "https://127.0.0.1:1/")) }
  }

  @Test func manyRequestsAtOnceAllGetTheirOwnAnswer() async throws {
    var options = FetchOptions(timeout: .seconds(8), allowPlainHTTP: true)
    options.threads = 2
    let client = FetchClient(options)
    try await withServer { server in
      let target = url(server, "/")
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<200 {
          group.addTask {
            let answer = try await client.send(FetchRequest(url: "\(target)\(index)"))
            return answer.body == Array("/\(index)".utf8)
          }
        }
        for try await isOwn in group { #expect(isOwn) }
      }
    }
  }
}
