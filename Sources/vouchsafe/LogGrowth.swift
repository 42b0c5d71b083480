import Cryptography
import LogStorage
import SignedNotes
import TransparencyLog

/// A log that grows on a disk as a broker's does, measured at some sizes on the way.
struct LogGrowth: ~Copyable {
  /// Entries that a broker leaves unpublished at most.
  private static let publishEvery = 1024
  private static let repetitions = 200

  /// One operation at one size.
  struct Measure {
    let median: Duration
    let slowest: Duration
    /// The most that one of them asked of the disk.
    let counts: CountedDisk.Counts
  }

  struct Row {
    let entries: UInt64
    let append: Measure
    let proof: Measure
    let start: Measure
  }

  private let disk: CountedDisk
  private let signer: NoteSigner
  private let entryBytes: Int
  private var log: LogWriter

  /// - Throws: `.storage`, `.damaged`: what the folder has is no log of this key.
  static func begin(on disk: CountedDisk, entryBytes: Int) throws(LogError) -> LogGrowth {
    let signer: NoteSigner
    do throws(NoteError) { signer = try NoteSigner(name: "bench.example/log", key: .random()) } catch {
      throw .note(error)
    }
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    try log.publish()
    return LogGrowth(disk: disk, signer: signer, entryBytes: entryBytes, log: log)
  }

  private init(disk: CountedDisk, signer: NoteSigner, entryBytes: Int, log: consuming LogWriter) {
    self.disk = disk
    self.signer = signer
    self.entryBytes = entryBytes
    self.log = log
  }

  /// Appends, in records of as many entries as one may hold, until there are `entries`.
  mutating func grow(to entries: UInt64, progress: (UInt64) -> Void) throws(LogError) {
    while log.size < entries {
      let count = min(entries - log.size, UInt64(LogWriter.limitBatch))
      _ = try log.append((log.size..<log.size + count).map { entry($0) })
      if log.size - log.publishedSize >= Self.publishEvery { try log.publish() }
      progress(log.size)
    }
    try log.publish()
  }

  mutating func measure() throws(LogError) -> Row {
    let entries = log.size
    let start = try measured(9) { (growth: inout LogGrowth, _) throws(LogError) in
      growth.log = try LogWriter.open(growth.disk, signer: growth.signer, absence: .refuse)
    }
    let proof = try measured(Self.repetitions) { (growth: inout LogGrowth, turn) throws(LogError) in
      let index = growth.log.size * UInt64(turn) / UInt64(Self.repetitions)
      _ = try growth.log.inclusionProof(index: index, size: growth.log.size)
    }
    let append = try measured(Self.repetitions) { (growth: inout LogGrowth, _) throws(LogError) in
      _ = try growth.log.append([growth.entry(growth.log.size)])
    }
    return Row(entries: entries, append: append, proof: proof, start: start)
  }

  private mutating func measured(
    _ times: Int, _ body: (inout LogGrowth, Int) throws(LogError) -> Void
  ) throws(LogError) -> Measure {
    let clock = ContinuousClock()
    var durations: [Duration] = []
    var most = CountedDisk.Counts()
    for turn in 0..<times {
      _ = disk.taken()
      let began = clock.now
      try body(&self, turn)
      durations.append(clock.now - began)
      most = most.joined(disk.taken())
    }
    durations.sort()
    return Measure(median: durations[times / 2], slowest: durations[times - 1 - times / 100], counts: most)
  }

  /// Text as long as a decision's leaf, and no two alike.
  private func entry(_ number: UInt64) -> [UInt8] {
    let text = Array("\(number) ".utf8)
    return text + [UInt8](repeating: 0x2E, count: max(0, entryBytes - text.count))
  }
}
