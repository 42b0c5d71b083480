import Bytes
import Platform
import Telemetry
import Testing
import Weights

@testable import Stores

@Suite struct RemoteModelTests {
  private static func access(_ waits: Locked<[Duration]> = Locked([])) -> StoreAccess {
    var access = StoreAccess(now: { 1_700_000_000 }, pause: { duration in waits.withLock { $0.append(duration) } })
    access.allowPlainHTTP = true
    return access
  }

  /// Opens a model of five mebibytes from a server with that fault.
  private func open(
    waits: Locked<[Duration]> = Locked([]), fault: @escaping @Sendable (Int, FakeStore.Request) -> FakeStore.Fault?
  ) async throws -> (FakeStore, (any Error)?) {
    let model = try StoredModel(SealedDirectoryTests.files())
    let store = FakeStore(try model.served(below: "/m"), fault: fault)
    let failure = Locked<(any Error)?>(nil)
    try await store.serving { address in
      do {
        try await OwnThread.run {
          // One thread, so that what is asked comes in one order.
          let opened = try model.opened(from: try RemoteModel("\(address)/m/", Self.access(waits)), width: 1)
          #expect(opened == model.files)
        }
      } catch { failure.withLock { $0 = error } }
    }
    return (store, failure.withLock { $0 })
  }

  @Test func aModelComesFromAServerByPartsAndOnce() async throws {
    let (store, failure) = try await open { _, _ in nil }
    #expect(failure == nil)
    let requests = store.requests.withLock { $0 }
    let ranges = requests.compactMap(\.range)
    #expect(ranges.count == requests.count)
    #expect(Set(requests.map { "\($0.path) \($0.range ?? "")" }).count == requests.count)
  }

  @Test(arguments: [429, 500, 503])
  func whatMayPassIsTriedAgain(status: Int) async throws {
    let waits = Locked<[Duration]>([])
    let (store, failure) = try await open(waits: waits) { number, _ in
      number % 2 == 0 ? .status(status, [("Retry-After", "3")]) : nil
    }
    #expect(failure == nil)
    #expect(waits.withLock { $0.count } >= store.requests.withLock { $0.count } / 2 - 1)
    #expect(waits.withLock { $0.allSatisfy { $0 >= .seconds(3) } })
  }

  @Test func aServerThatNeverAnswersIsGivenUp() async throws {
    let waits = Locked<[Duration]>([])
    let (_, failure) = try await open(waits: waits) { _, _ in .status(503, []) }
    #expect((failure as? WeightsError)?.code == "storage")
    #expect(waits.withLock { $0.count } == 7)
    #expect(waits.withLock { $0.allSatisfy { $0 <= .seconds(8) } })
  }

  @Test(arguments: [400, 404, 410, 416, 301, 302, 307])
  func whatDoesNotPassIsNotTriedAgain(status: Int) async throws {
    let waits = Locked<[Duration]>([])
    let (store, failure) = try await open(waits: waits) { _, _ in
      .status(status, [("Location", "http://127.0.0.1:1/elsewhere")])
    }
    #expect((failure as? WeightsError)?.code == "storage")
    #expect(waits.withLock { $0.isEmpty })
    #expect(store.requests.withLock { $0.count } == 1)
  }

  @Test(arguments: [401, 403])
  func aServerThatDoesNotPermitIsNotAskedAgain(status: Int) async throws {
    let (store, failure) = try await open { _, _ in .status(status, []) }
    #expect("\(failure.map { "\($0)" } ?? "")".contains("does not permit"))
    #expect(store.requests.withLock { $0.count } == 1)
  }

  @Test(arguments: [
    FakeStore.Fault.ignoresRange, .otherPart, .otherTotal, .encoded,
  ])
  func anAnswerThatIsNotThePartIsRefused(fault: FakeStore.Fault) async throws {
    // After the heads, which tell the lengths.
    let (_, failure) = try await open { number, _ in number > 3 ? fault : nil }
    #expect("\(failure.map { "\($0)" } ?? "")".contains("another part"))
  }

  /// The bytes that are missing are asked for, and no others.
  @Test func aPartThatCameShortIsGoneOnWith() async throws {
    let (store, failure) = try await open { number, request in
      request.range != "bytes=0-39" && number < 8 ? .fewer : nil
    }
    #expect(failure == nil)
    let requests = store.requests.withLock { $0 }
    #expect(
      requests.contains { $0.range.map { range in range.hasPrefix("bytes=") && Self.length(range) == 1 } ?? false })
  }

  private static func length(_ range: String) -> Int {
    let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
    return ends.count == 2 ? ends[1] - ends[0] + 1 : 0
  }

  @Test func theTokenOfAFileGoesWithEveryRead() async throws {
    let model = try StoredModel(["f": [1, 2, 3]])
    try StoredModel.write(Array("secret-token\n".utf8), "token", FileTree.open(model.path))
    let store = FakeStore(try model.served(below: "/m"))
    try await store.serving { address in
      try await OwnThread.run {
        var access = Self.access()
        access.credentials = .file("\(model.path)/token")
        let remote = try RemoteModel("\(address)/m", access)
        #expect(try model.opened(from: remote) == model.files)
        #expect(try remote.manifest() == model.manifest.bytes)
      }
    }
    #expect(store.requests.withLock { $0.allSatisfy { $0.authorization == "Bearer secret-token" } })
  }

  @Test func aManifestLargerThanAManifestMayBeIsRefused() async throws {
    let store = FakeStore(["/m/manifest.note": [UInt8](repeating: 0x20, count: SealedDirectory.noteLimitBytes + 1)])
    try await store.serving { address in
      try await OwnThread.run {
        let remote = try RemoteModel("\(address)/m/", Self.access())
        #expect(throws: StoreError.tooLarge) { _ = try remote.note() }
      }
    }
  }

  @Test(arguments: [
    "http://127.0.0.1/m/", "https://user name@h/", "https://h/?a=b", "s3://", "s3://Bucket/x", "s3://b_c/x", "oci://",
    "oci://h",
    "oci://h/", "oci://h/Upper:tag", "oci://h/repo:", "oci:///repo", "ftp://h/", "s3://b/\"x", "https://h/#x",
  ])
  func whatNamesNoPlaceIsRefused(_ location: String) {
    #expect {
      _ = try RemoteModel(location, StoreAccess(now: { 0 }))
    } throws: { error in
      if case .location = error as? StoreError { true } else { false }
    }
  }
}

extension StoredModel {
  /// The model's files by the paths of a server.
  func served(below base: String) throws -> [String: [UInt8]] {
    let tree = try FileTree.open(path)
    var files: [String: [UInt8]] = [:]
    for name in ["manifest.json", "manifest.note"] + manifest.files.map({ "blobs/\($0.blob)" }) {
      files["\(base)/\(name)"] = try tree.readFile(name, limitBytes: 1 << 30)
    }
    return files
  }
}
