import Glibc
import Testing
import Transport

struct ServerLimitsTests {
  private static let get = HTTPServerTests.get

  /// How long until the server ends the connection, after `beginning` and then a byte of "a" every so often.
  private func milliseconds(_ port: Int, sending beginning: String, every microseconds: UInt32) async throws -> Int? {
    try await raw {
      let client = try RawClient(port: port, patience: 4)
      let clock = ContinuousClock()
      let start = clock.now
      client.send(beginning)
      if microseconds > 0 {
        while start.duration(to: clock.now) < .seconds(4), client.send("a") { usleep(microseconds) }
      }
      let reply = client.receive()
      guard reply == nil || reply == [] else { return nil }
      return Int(start.duration(to: clock.now) / .milliseconds(1))
    }
  }

  @Test func aHeadMustBeCompleteInTimeHoweverItComes() async throws {
    try await withServer(limits: limits { $0.head = .milliseconds(400) }) { server in
      let silent = try await milliseconds(server.boundPort, sending: "GET / HTTP/1.1\r\nHo", every: 0)
      #expect((300...3900).contains(silent ?? 0))
      let slow = try await milliseconds(server.boundPort, sending: "GET / HTTP/1.1\r\nX: ", every: 20_000)
      #expect((300...3900).contains(slow ?? 0))
    }
  }

  @Test func aBodyMustKeepUpItsRate() async throws {
    let short = limits {
      $0.body = .milliseconds(300)
      $0.bytesPerSecond = 1000
    }
    let beginning = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    try await withServer(limits: short) { server in
      let silent = try await milliseconds(server.boundPort, sending: beginning, every: 0)
      #expect((200...3900).contains(silent ?? 0))
      let slow = try await milliseconds(server.boundPort, sending: beginning, every: 20_000)
      #expect((200...3900).contains(slow ?? 0))
      let port = server.boundPort
      let steady = try await raw {
        let client = try RawClient(port: port)
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n")
        for _ in 0..<20 {
          client.send(String(repeating: "a", count: 100))
          usleep(40_000)
        }
        return client.receiveResponse()
      }
      #expect(steady?.status == 200)
    }
  }

  @Test func anIdleConnectionEnds() async throws {
    try await withServer(limits: limits { $0.idle = .milliseconds(300) }) { server in
      let fresh = try await milliseconds(server.boundPort, sending: "", every: 0)
      #expect((200...3900).contains(fresh ?? 0))
      let port = server.boundPort
      let after = try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        return (client.receiveResponse(), client.receive())
      }
      #expect(after.0?.status == 200)
      #expect(after.1 == [])
    }
  }

  @Test func aHandshakeMustBeDoneInTime() async throws {
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity, limits: limits { $0.handshake = .milliseconds(300) }) { server in
      let silent = try await milliseconds(server.boundPort, sending: "", every: 0)
      #expect((200...3900).contains(silent ?? 0))
      // The first bytes of a ClientHello, and no more.
      let begun = try await milliseconds(server.boundPort, sending: "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", every: 0)
      #expect((200...3900).contains(begun ?? 0))
    }
  }

  @Test func aPeerThatReadsNothingIsLeft() async throws {
    let responder = TestResponder(answer: { _ in
      HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: 20_000_000))
    })
    try await withServer(responder, limits: limits { $0.writeStall = .milliseconds(300) }) { server in
      let port = server.boundPort
      let got = try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        for _ in 0..<700 where server.load.accepted == 0 || server.load.connections > 0 { usleep(10_000) }
        return server.load.connections == 0 ? client.receiveAll()?.utf8.count : nil
      }
      #expect((got ?? .max) < 20_000_000)
    }
  }

  @Test func aResponderThatIsLateIsCancelledAndThePeerIsTold() async throws {
    let cancelled = Counter()
    let responder = TestResponder(answer: { _ in
      do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.add() }
      return HTTPResponse(status: 200)
    })
    try await withServer(responder, limits: limits { $0.request = .milliseconds(300) }) { server in
      let reply = try await conversation(server.boundPort, Array(Self.get.utf8))
      #expect(reply?.status == 503)
      #expect(reply?.has("responderTimedOut") == true)
      #expect(reply?.has("Connection: close\r\n") == true)
      #expect(cancelled.value == 1)
    }
  }

  @Test func aPeerThatLeavesEndsItsTaskButKeepsItsPlaceUntilThen() async throws {
    let begun = Counter()
    let cancelled = Counter()
    let released = Counter()
    let responder = TestResponder(answer: { _ in
      begun.add()
      while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
      cancelled.add()
      while released.value == 0 { await Task.yield() }
      return HTTPResponse(status: 200)
    })
    try await withServer(responder) { server in
      let port = server.boundPort
      try await raw {
        let client = try RawClient(port: port)
        client.send(Self.get)
        while begun.value == 0 { usleep(5_000) }
        client.reset()
        while cancelled.value == 0 { usleep(5_000) }
      }
      #expect(server.load.connections == 1)
      released.add()
      while server.load.connections > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test func onePeerGetsOnlySoManyConnections() async throws {
    try await withServer(limits: limits { $0.connectionsPerPeer = 3 }) { server in
      let port = server.boundPort
      let (within, beyond, again) = try await raw {
        var clients = try (0..<3).map { _ in try RawClient(port: port) }
        let within = clients.map { client in
          client.send(Self.get)
          return client.receiveResponse()?.status
        }
        let fourth = try RawClient(port: port)
        fourth.send(Self.get)
        let beyond = fourth.receiveResponse()
        clients.removeLast()
        while server.load.connections > 2 { usleep(10_000) }
        let fifth = try RawClient(port: port)
        fifth.send(Self.get)
        return (within, beyond, fifth.receiveResponse()?.status)
      }
      #expect(within == [200, 200, 200])
      #expect(beyond == nil)
      #expect(again == 200)
      #expect(server.load.turnedAway == 1)
    }
  }

  @Test func theServerTakesOnlySoManyConnectionsAndHandshakes() async throws {
    let few = limits {
      $0.connections = 2
      $0.connectionsPerPeer = 10
    }
    let ended = { @Sendable (port: Int, count: Int) in
      try await raw {
        let clients = try (0..<count).map { _ in try RawClient(port: port, patience: 1) }
        usleep(200_000)
        return clients.map { $0.receive() == [] }
      }
    }
    try await withServer(limits: few) { server in
      let connections = try await ended(server.boundPort, 4)
      #expect(connections == [false, false, true, true])
    }
    let identity = try TestCertificates.identity("server")
    try await withServer(tls: identity, limits: limits { $0.handshakes = 2 }) { server in
      let handshakes = try await ended(server.boundPort, 3)
      #expect(handshakes == [false, false, true])
    }
  }

  @Test func aThousandIdleConnectionsAreCheap() async throws {
    try #require(raiseDescriptorLimit(to: 4096))
    try await withServer(limits: limits { $0.connectionsPerPeer = 2000 }) { server in
      let port = server.boundPort
      let statuses = try await raw {
        let clients = try (0..<1000).map { _ in try RawClient(port: port) }
        for client in clients { client.send(Self.get) }
        let first = clients.map { $0.receiveResponse()?.status }
        for client in clients { client.send(Self.get) }
        return first + clients.map { $0.receiveResponse()?.status }
      }
      #expect(statuses.allSatisfy { $0 == 200 })
      #expect(server.load.accepted == 1000)
    }
  }

  // MARK: the end

  @Test func requestsUnderWayAreFinishedAndNewOnesRefused() async throws {
    let begun = Counter()
    let released = Counter()
    let responder = TestResponder(answer: { _ in
      begun.add()
      while released.value == 0 { try? await Task.sleep(for: .milliseconds(5)) }
      return HTTPResponse(status: 200, body: Array("late".utf8))
    })
    let server = try HTTPServer(ServerConfiguration(tls: nil), responder: responder)
    let running = Task { try await server.run() }
    let port = server.boundPort
    async let busy = conversation(port, Array(Self.get.utf8))
    async let idle = raw {
      let client = try RawClient(port: port)
      return client.receiveAll()
    }
    while begun.value == 0 || server.load.connections < 2 { try await Task.sleep(for: .milliseconds(5)) }
    running.cancel()
    let silence = try await idle
    #expect(silence == "")
    await #expect(throws: RawClient.Refused.self) { try await raw { _ = try RawClient(port: port) } }
    released.add()
    let reply = try await busy
    #expect(reply?.hasSuffix("late") == true)
    #expect(reply?.has("Connection: close\r\n") == true)
    try await running.value
    await #expect(throws: TransportError.alreadyRun) { try await server.run() }
  }

  @Test func theEndDoesNotWaitLongerThanItMust() async throws {
    let begun = Counter()
    let responder = TestResponder(answer: { _ in
      begun.add()
      try? await Task.sleep(for: .seconds(60))
      return HTTPResponse(status: 200)
    })
    let configuration = ServerConfiguration(tls: nil, limits: limits { $0.drain = .milliseconds(300) })
    let server = try HTTPServer(configuration, responder: responder)
    let running = Task { try await server.run() }
    async let reply = conversation(server.boundPort, Array(Self.get.utf8))
    while begun.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let start = ContinuousClock.now
    running.cancel()
    try await running.value
    #expect(start.duration(to: .now) < .seconds(5))
    let status = try await reply?.status
    #expect(status == nil)
  }

  @Test func aServerThatNeverRanLetsGoOfItsPort() throws {
    var port: UInt16 = 0
    do {
      let server = try HTTPServer(ServerConfiguration(tls: nil), responder: TestResponder())
      port = UInt16(server.boundPort)
      #expect(throws: TransportError.cannotListen(errno: EADDRINUSE)) {
        try HTTPServer(ServerConfiguration(port: port, tls: nil), responder: TestResponder())
      }
    }
    _ = try HTTPServer(ServerConfiguration(port: port, tls: nil), responder: TestResponder())
  }
}

/// Whether this process may hold that many descriptors.
private func raiseDescriptorLimit(to count: rlim_t) -> Bool {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
  if limit.rlim_cur >= count { return true }
  limit.rlim_cur = min(count, limit.rlim_max)
  return unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 && limit.rlim_cur >= count
}
