import Bytes
import Collateral
import CollateralService
import Platform
import SimulatedVendors
import Testing

/// What brokers see of a fetcher.
struct FetcherSocketTests {
  private struct Served {
    let network: VendorNetwork
    let folder = Scratch()
    let socket: FetcherSocket
    var path: String { "\(folder.path)/socket" }

    init() throws {
      network = try VendorNetwork()
      socket = try FetcherSocket(path: "\(folder.path)/socket", fetcher: try network.fetcher())
      try socket.start()
    }

    func ask(_ keys: [CollateralKey]) async throws -> FetcherAnswer {
      let path = path
      return try await OwnThread.run {
        try FetcherClient.ask(FetcherRequest(want: keys, deadline: .seconds(60)), socket: path)
      }
    }

    /// What comes back for a line: `nil` when the connection just ends.
    func say(_ line: [UInt8]) async -> [UInt8]? {
      let path = path
      return try? await OwnThread.run {
        let connection = try UnixConnection.connect(path: path)
        try connection.write(line, within: .seconds(30))
        return try connection.readLine(limitBytes: FetcherAnswer.limitBytes, within: .seconds(30))
      }
    }
  }

  @Test func aBrokerGetsWhatThereIsAndHearsWhyTheRestIsMissing() async throws {
    let served = try Served()
    let unknown = CollateralKey.intelTCBInfo(tee: .tdx, fmspc: [9, 9, 9, 9, 9, 9])
    let answer = try await served.ask([VendorNetwork.tcbInfo, unknown, VendorNetwork.vcek(1)])
    #expect(Set(answer.artefacts.map(\.key)) == [VendorNetwork.tcbInfo, VendorNetwork.vcek(1)])
    #expect(answer.missing == [MissingCollateral(key: unknown, code: .notFound)])
    await served.socket.stop()
  }

  @Test func whatIsNoRequestGetsNoAnswer() async throws {
    let served = try Served()
    let request = FetcherRequest(want: [VendorNetwork.identity], deadline: .seconds(60)).line
    for line in [
      Array("GET / HTTP/1.1\n".utf8), Array("{}\n".utf8), [0x0A],
      Array(#"{"v":1,"deadlineMs":8000,"want":["../../etc/passwd"]}"#.utf8) + [0x0A],
      [UInt8](repeating: 0x20, count: FetcherRequest.limitBytes + 1) + request,
    ] {
      #expect(await served.say(line) == nil)
    }
    #expect(served.network.questions.isEmpty)
    #expect(await served.say(request) != nil)
    await served.socket.stop()
  }

  @Test func aSecondFetcherDoesNotTakeTheSocketAndALeftoverIsNoHindrance() async throws {
    let served = try Served()
    let fetcher = try served.network.fetcher()
    let path = served.path
    #expect(throws: PlatformError.self) { try FetcherSocket(path: path, fetcher: fetcher) }
    await served.socket.stop()
    #expect(!SmallFile.exists(path))
    let next = try FetcherSocket(path: path, fetcher: fetcher)
    try next.start()
    #expect(try await served.ask([VendorNetwork.identity]).artefacts.count == 1)
    await next.stop()
  }

  @Test func manyBrokersAtOnceAreServedFromOneQuestion() async throws {
    let served = try Served()
    let got = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<16 { group.addTask { try await served.ask([VendorNetwork.tcbInfo]).artefacts.count } }
      return try await group.reduce(0, +)
    }
    #expect(got == 16)
    #expect(served.network.questions.count == 1)
    await served.socket.stop()
  }
}
