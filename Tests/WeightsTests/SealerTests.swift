import Bytes
import Cryptography
import Synchronization
import Testing

@testable import Weights

@Suite struct SealerTests {
  /// Random bytes that are the same in every run, and never the same twice in one.
  private func counting() -> @Sendable (Int) -> [UInt8] {
    let count = CountedDraws()
    return { noise($0, seed: count.next()) }
  }

  private func sealer() throws -> Sealer {
    Sealer(
      identity: try ModelIdentity(model: "demo", version: "1"), source: nil, allowCode: false,
      key: try SealedModel.key([UInt8](repeating: 7, count: 32)), random: counting())
  }

  private let files: [Sealer.Input] = [(0, 3 << 20), (1, 0), (2, 1), (3, (9 << 20) + 5), (4, 1 << 20)].map {
    Sealer.Input(path: "f\($0)", file: MemoryBytes(bytes: noise($1, seed: UInt64($0 + 1))))
  }

  @Test func theBytesAreTheSameHoweverManyThreadsSealThem() throws {
    let alone = MemoryBlobs()
    let manifest = try sealer().seal(files, into: alone, width: 1)
    for width in [2, 3, 8] {
      let blobs = MemoryBlobs()
      #expect(try sealer().seal(files, into: blobs, width: width) == manifest)
      #expect(blobs.blobs.withLock { $0 } == alone.blobs.withLock { $0 })
    }
  }

  @Test func whatIsDoneIsNotSealedAgainAndWhatIsNotGetsAHeaderOfItsOwn() throws {
    let blobs = MemoryBlobs()
    let told = Mutex<[Manifest.File]>([])
    let progress = Counter()
    let whole = try sealer().seal(
      files, into: blobs, width: 2, finished: { file in told.withLock { $0.append(file) } },
      progress: { progress.add($0) })
    #expect(Set(told.withLock { $0.map(\.path) }) == Set(files.map(\.path)))
    #expect(progress.total == whole.totalSize)
    let done = whole.files.filter { ["f0", "f2"].contains($0.path) }
    let again = MemoryBlobs()
    let key = try SealedModel.key([UInt8](repeating: 7, count: 32))
    let other = Sealer(
      identity: whole.identity, source: nil, allowCode: false, key: key, random: { SystemRandom.bytes($0) })
    let resumed = try other.seal(files, done: done, into: again, width: 2)
    #expect(again.blobs.withLock { $0.count } == files.count - done.count)
    for (before, after) in zip(whole.files, resumed.files) {
      #expect(before.path == after.path && before.sha256 == after.sha256)
      #expect((before.blob == after.blob) == done.contains(before))
    }
    let headers = (blobs.blobs.withLock { Array($0.values) } + again.blobs.withLock { Array($0.values) }).map {
      Array($0[..<StreamLayout.headerSize])
    }
    #expect(Set(headers).count == headers.count)
  }

  @Test func whatIsDoneAndNotAskedForIsRefused() throws {
    let manifest = try sealer().seal(Array(files[..<2]), into: MemoryBlobs(), width: 1)
    #expect(throws: WeightsError.path(.isDuplicate)) {
      try sealer().seal(Array(files[2...]), done: manifest.files, into: MemoryBlobs(), width: 1)
    }
  }

  @Test func aFailureEndsAllThreadsAndSaysWhichFile() throws {
    for width in [1, 2, 6] {
      var broken = files
      broken[3] = Sealer.Input(path: "f3", file: MemoryBytes(bytes: noise(9 << 20), isBroken: true))
      #expect(throws: WeightsError.storage(path: "f3", .init(MemoryFailure()))) {
        try sealer().seal(broken, into: MemoryBlobs(), width: width)
      }
      #expect(throws: WeightsError.self) {
        try sealer().seal(files, into: MemoryBlobs(), width: width, finished: { _ in throw MemoryFailure() })
      }
    }
  }
}

private final class CountedDraws: Sendable {
  private let count = Atomic(UInt64(0))
  func next() -> UInt64 { count.add(1, ordering: .relaxed).newValue }
}
