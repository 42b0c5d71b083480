import HostileDisk
import LogStorage
import Testing
import TransparencyLog

/// What the log asks of its disk does not grow with it: counted, so that no machine's speed decides.
struct GrowthTests {
  private static let sizes: [UInt64] = [1, 255, 256, 1000, 65_535, 65_536, 70_000]
  private let disk = CountedDisk(CrashFS())

  /// Levels of tiles over that many entries.
  private static func levels(_ entries: UInt64) -> Int {
    (0..<8).count(where: { entries >> (8 * UInt64($0)) > 0 })
  }

  @Test func appendsProofsAndStartsAskOfTheDiskWhatTheyAskedWhenTheLogWasSmall() throws {
    var options = LogWriter.Options()
    options.limitWALBytes = 0
    let signer = try logSigner()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin, options: options)
    for size in Self.sizes {
      while log.size < size {
        let end = min(size, log.size + UInt64(LogWriter.limitBatch))
        _ = try log.append(entries(Int(log.size)..<Int(end)))
        if log.size - log.publishedSize > 1000 { try log.publish() }
      }
      try log.publish()
      try expectFlatStart(&log, size, options)
      try expectFlatProofs(log)
      try expectFlatAppend(&log)
    }
  }

  /// The right edge alone is read: checkpoint, write-ahead log, the last bundle and its tile, one tile of each level, and
  /// for a full last tile the one above it.
  private func expectFlatStart(_ log: inout LogWriter, _ size: UInt64, _ options: LogWriter.Options) throws {
    _ = disk.taken()
    log = try LogWriter.open(disk, signer: try logSigner(), absence: .refuse, options: options)
    let start = disk.taken()
    #expect(start.reads <= 4 + Self.levels(size), "\(size): \(start)")
    #expect(start.bytesRead <= 48_000, "\(size): \(start)")
    #expect(start.writes <= 1, "\(size): \(start)")
    #expect(log.size == size)
  }

  private func expectFlatProofs(_ log: borrowing LogWriter) throws {
    let size = log.size
    let levels = Self.levels(size)
    for index in [0, size / 3, size / 2, size - 1] {
      _ = disk.taken()
      let proof = try log.inclusionProof(index: index, size: size)
      let asked = disk.taken()
      #expect(asked.reads <= levels, "\(index) of \(size): \(asked)")
      #expect(asked.writes == 0)
      #expect(proof.path.count <= 64 - (size - 1).leadingZeroBitCount)
    }
  }

  /// One write and one sync, of the entry and a checkpoint, and nothing is read.
  private func expectFlatAppend(_ log: inout LogWriter) throws {
    _ = disk.taken()
    _ = try log.append([utf8("entry \(log.size)")])
    let asked = disk.taken()
    #expect(asked.writes == 1 && asked.syncs == 1 && asked.reads == 0, "\(log.size): \(asked)")
    #expect(asked.bytesWritten < 300, "\(log.size): \(asked)")
  }
}
