import Bytes
import HostileDisk
import SignedNotes
import Testing

@testable import TransparencyLog

struct RecoveryTests {
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func open(_ disk: CrashFS, witnessed: [Checkpoint] = []) throws(LogError) -> LogWriter {
    try LogWriter.open(disk, signer: signer, absence: .refuse, witnessed: witnessed)
  }

  /// A disk with `published` entries in tiles and the rest in the write-ahead log, three to a record.
  private func disk(published: Int, total: Int) throws -> CrashFS {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    for start in stride(from: 0, to: total, by: 3) {
      if start == published { try log.publish() }
      _ = try log.append(entries(start..<min(start + 3, total)))
    }
    if published == total { try log.publish() }
    return disk
  }

  /// Opening refuses with `damage` and leaves every byte as it was.
  private func expect(_ damage: LogDamage, _ disk: CrashFS, _ what: String = "") {
    let before = disk.names.map { disk[$0] }
    #expect(throws: LogError.damaged(damage), "\(what)") { _ = try open(disk) }
    #expect(disk.names.map { disk[$0] } == before)
  }

  @Test func aLogGoesOnWhereItEnded() throws {
    for (published, total) in [(0, 0), (0, 9), (6, 9), (9, 9), (255, 258), (258, 258), (255, 300)] {
      let disk = try disk(published: published, total: total)
      var log = try open(disk)
      #expect(log.size == UInt64(total))
      #expect(log.publishedSize == UInt64(published))
      for index in 0..<total { #expect(try log.entry(at: UInt64(index)) == utf8("entry \(index)")) }
      _ = try log.append(entries(total..<total + 1))
      var tree = PlainTree(entries(0..<total + 1))
      let signed = try VerifiedCheckpoint(verifying: log.checkpoint, by: signer.verifierKey)
      #expect(try signed.root == tree.root(size: UInt64(total + 1)))
    }
  }

  @Test func aLogThatShouldBeThereIsNotBegunAnew() {
    #expect(throws: LogError.damaged(.absent)) { _ = try open(CrashFS()) }
  }

  @Test func aMissingWriteAheadLogIsRefused() throws {
    let disk = try disk(published: 3, total: 9)
    disk["wal"] = nil
    expect(.walMissing, disk)
  }

  @Test func anEmptyWriteAheadLogWithoutACheckpointIsNotALogThatBegins() throws {
    let disk = try disk(published: 9, total: 9)
    (disk["wal"], disk["checkpoint"]) = ([], nil)
    let before = disk.names
    expect(.checkpointMissing, disk)
    #expect(disk.names == before)
  }

  @Test func everyFlippedByteOfTheWriteAheadLogIsRefused() throws {
    let disk = try disk(published: 0, total: 9)
    let wal = try #require(disk["wal"])
    for index in wal.indices {
      var damaged = wal
      damaged[index] ^= 1 << UInt8(index % 8)
      disk["wal"] = damaged
      #expect(throws: LogError.self, "byte \(index)") { _ = try open(disk) }
      #expect(disk["wal"] == damaged)
    }
  }

  @Test func aTornTailIsDroppedAtEveryByte() throws {
    let disk = try disk(published: 0, total: 9)
    let wal = try #require(disk["wal"])
    let ends = try WriteAheadScan(wal).records.reduce(into: [0]) { ends, record in
      ends.append(ends[ends.count - 1] + record.encode(after: WriteAheadRecord.firstTag).count)
    }
    for length in wal.indices {
      disk["wal"] = Array(wal[..<length])
      let whole = ends.count { $0 <= length } - 1
      #expect(try open(disk).size == UInt64(3 * whole), "\(length) bytes")
    }
  }

  @Test func aSectorThatNeverArrivedIsATornTail() throws {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    _ = try log.append(entries(0..<1))
    let durable = try #require(disk["wal"]).count
    _ = try log.append([[UInt8](repeating: 7, count: 4000)])
    var wal = try #require(disk["wal"])
    for index in 1024..<1536 { wal[index] = 0 }
    #expect(durable < 1024)
    disk["wal"] = wal
    #expect(try open(disk).size == 1)
  }

  @Test func aHoleBeforeAWholeRecordIsRefused() throws {
    let disk = try disk(published: 0, total: 9)
    var wal = try #require(disk["wal"])
    for index in 100..<200 { wal[index] = 0 }
    disk["wal"] = wal
    expect(.walRecord(offset: 0), disk)
  }

  @Test func recordsThatAreMissingSwappedOrRepeatedAreRefused() throws {
    let disk = try disk(published: 0, total: 9)
    let wal = try #require(disk["wal"])
    let records = try WriteAheadScan(wal).records
    var chunks: [[UInt8]] = []
    var tag = WriteAheadRecord.firstTag
    for record in records {
      chunks.append(record.encode(after: tag))
      tag = Array(chunks[chunks.count - 1].suffix(16))
    }
    #expect(chunks.flatMap { $0 } == wal)
    for (order, bad) in [
      ([1, 2], 0), ([2], 0), ([1, 0, 2], 0), ([0, 2], 1), ([0, 2, 1], 1), ([0, 0, 1, 2], 1), ([0, 1, 1], 2),
    ] {
      disk["wal"] = order.flatMap { chunks[$0] }
      expect(.walRecord(offset: order.prefix(bad).reduce(0) { $0 + chunks[$1].count }), disk, "\(order)")
    }
  }

  /// A write-ahead log as a careless writer could leave it: every tag is right.
  private func chained(_ records: [WriteAheadRecord]) -> [UInt8] {
    var bytes: [UInt8] = []
    var tag = WriteAheadRecord.firstTag
    for record in records {
      bytes += record.encode(after: tag)
      tag = Array(bytes.suffix(16))
    }
    return bytes
  }

  private func record(_ range: Range<Int>, root: Range<Int>? = nil, by other: NoteSigner? = nil) throws
    -> WriteAheadRecord
  {
    var tree = PlainTree(entries(root ?? 0..<range.upperBound))
    let size = UInt64(range.upperBound)
    let checkpoint = Checkpoint(origin: signer.name, size: size, root: try tree.root(size: UInt64(tree.leaves.count)))
    return WriteAheadRecord(
      index: UInt64(range.lowerBound), entries: entries(range), checkpoint: try checkpoint.signed(by: other ?? signer))
  }

  @Test func aGapIsRefused() throws {
    let disk = try disk(published: 3, total: 3)
    disk["wal"] = chained([try record(4..<6)])
    expect(.gap(expected: 3, found: 4), disk)
    disk["wal"] = chained([try record(0..<2), try record(4..<6)])
    expect(.gap(expected: 3, found: 4), disk)
    disk["wal"] = chained([try record(3..<5)])
    #expect(try open(disk).size == 5)
  }

  @Test func twoEntriesUnderOneIndexAreRefused() throws {
    let disk = try disk(published: 6, total: 6)
    let forged = WriteAheadRecord(index: 2, entries: [utf8("another")], checkpoint: [])
    disk["wal"] = chained([forged])
    expect(.entryDisagrees(index: 2), disk)
    disk["wal"] = chained([try record(6..<8), try record(7..<9)])
    expect(.entryDisagrees(index: 7), disk)
    disk["wal"] = chained([try record(2..<4)])
    #expect(try open(disk).size == 6)
  }

  @Test func aRecordsCheckpointMustBeOursAndOfItsEntries() throws {
    let disk = try disk(published: 0, total: 3)
    let other = try NoteSigner(name: signer.name, key: key(from: 9))
    var tree = PlainTree(entries(0..<5))
    let bad = [
      try record(3..<5, by: other), try record(3..<5, root: 1..<6),
      WriteAheadRecord(index: 3, entries: entries(3..<5), checkpoint: try record(0..<3).checkpoint),
      WriteAheadRecord(index: 3, entries: entries(3..<5), checkpoint: []),
      WriteAheadRecord(
        index: 3, entries: entries(3..<5),
        checkpoint: try Checkpoint(origin: signer.name, size: 6, root: tree.root(size: 5)).signed(by: signer)),
    ]
    for record in bad {
      disk["wal"] = chained([try self.record(0..<3), record])
      expect(.walCheckpoint(size: 5), disk)
    }
  }

  @Test func aRecordWithoutEntriesOrWithTooManyIsRefused() throws {
    let disk = try disk(published: 0, total: 0)
    for count in [0, 257] {
      disk["wal"] = chained([WriteAheadRecord(index: 0, entries: entries(0..<count), checkpoint: [])])
      expect(.walRecord(offset: 0), disk)
    }
  }

  @Test func everyFlippedByteOfTheCheckpointIsRefused() throws {
    let disk = try disk(published: 6, total: 9)
    let checkpoint = try #require(disk["checkpoint"])
    for index in checkpoint.indices {
      var damaged = checkpoint
      damaged[index] ^= 1 << UInt8(index % 8)
      disk["checkpoint"] = damaged
      expect(.checkpoint, disk, "byte \(index)")
    }
  }

  @Test func anotherKeyDoesNotOpenTheLog() throws {
    let other = try NoteSigner(name: signer.name, key: key(from: 9))
    for published in [0, 6] {
      let disk = try disk(published: published, total: 9)
      #expect(throws: LogError.self) { _ = try LogWriter.open(disk, signer: other, absence: .begin) }
    }
  }

  @Test func aDamagedRightEdgeIsRefused() throws {
    for total in [6, 255, 258, 513] {
      let disk = try disk(published: total, total: total)
      for path in edge(total) {
        let intact = try #require(disk[path])
        for index in [0, intact.count / 2, intact.count - 1] {
          var damaged = intact
          damaged[index] ^= 4
          disk[path] = damaged
          #expect(throws: LogError.self, "\(path) byte \(index)") { _ = try open(disk) }
        }
        disk[path] = Array(intact.dropLast())
        #expect(throws: LogError.self) { _ = try open(disk) }
        disk[path] = nil
        #expect(throws: LogError.damaged(.tileMissing(try #require(TilePath(path))))) { _ = try open(disk) }
        disk[path] = intact
      }
      #expect(try open(disk).size == UInt64(total))
    }
  }

  @Test func aDamagedLastFullTileIsRefused() throws {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    _ = try log.append(entries(0..<256))
    try log.publish()
    for path in ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"] {
      let intact = try #require(disk[path])
      var damaged = intact
      damaged[intact.count / 2] ^= 1
      disk[path] = damaged
      #expect(throws: LogError.self, "\(path)") { _ = try open(disk) }
      disk[path] = intact
    }
    #expect(try open(disk).size == 256)
    // Entry and tile changed together: only the level above knows.
    let other = [utf8("entry x")] + entries(1..<256)
    disk["tile/entries/000"] = EntryBundle.encode(other)
    disk["tile/0/000"] = other.flatMap { MerkleHash.leaf($0).bytes }
    expect(.tile(TilePath(.hashes(level: 0), index: 0)), disk)
  }

  private func edge(_ total: Int) -> [String] {
    let last = (total - 1) / 256
    let partial = total % 256 == 0 ? "" : ".p/\(total % 256)"
    let names = ["tile/entries/00\(last)\(partial)", "tile/0/00\(last)\(partial)"]
    return names + (total >= 256 ? ["tile/1/000.p/\(total / 256)"] : [])
  }

  @Test func aStateOlderThanAWitnessSawIsRefused() throws {
    let disk = try disk(published: 3, total: 6)
    var tree = PlainTree(entries(0..<9))
    let seen = { (size: UInt64) in try Checkpoint(origin: self.signer.name, size: size, root: tree.root(size: size)) }
    for size in 0...UInt64(6) { #expect(try open(disk, witnessed: [seen(size)]).size == 6) }
    let ahead = try seen(9)
    #expect(throws: LogError.damaged(.rolledBack(witnessed: 9))) { _ = try open(disk, witnessed: [ahead]) }
    let forked = Checkpoint(origin: signer.name, size: 4, root: .emptyTree)
    #expect(throws: LogError.damaged(.rolledBack(witnessed: 4))) { _ = try open(disk, witnessed: [forked]) }
    let foreign = Checkpoint(origin: "other.test", size: 0, root: .emptyTree)
    #expect(throws: LogError.originMismatch) { _ = try open(disk, witnessed: [foreign]) }
  }
}
