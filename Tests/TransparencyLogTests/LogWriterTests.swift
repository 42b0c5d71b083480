import Bytes
import HostileDisk
import SignedNotes
import Testing
import TransparencyLog

struct LogWriterTests {
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func open(_ disk: CrashFS, limitWALBytes: UInt64 = 1 << 20) throws(LogError) -> LogWriter {
    var options = LogWriter.Options()
    options.limitWALBytes = limitWALBytes
    return try LogWriter.open(disk, signer: signer, absence: .begin, options: options)
  }

  @Test func aReceiptShowsItsEntryOffline() throws {
    var log = try open(CrashFS())
    var made: [Receipt] = []
    for (start, end) in [(0, 1), (1, 3), (3, 200), (200, 256), (256, 300), (300, 556), (556, 557)] {
      made += try log.append(entries(start..<end))
      if start == 200 { try log.publish() }
    }
    #expect(made.map(\.index) == Array(0..<557))
    for receipt in made {
      let proof = try TlogProof(parsing: receipt.tlogProof)
      #expect(proof.index == receipt.index)
      let shown = try proof.verify(by: signer.verifierKey)
      #expect(shown.entry == utf8("entry \(receipt.index)"))
    }
  }

  @Test func everySizeHasTheRootOfTheDefinition() throws {
    let disk = CrashFS()
    var log = try open(disk, limitWALBytes: 0)
    var tree = PlainTree(entries(0..<600))
    for size in 1...600 {
      _ = try log.append(entries(size - 1..<size))
      if size % 7 == 0 { try log.publish() }
      if size % 50 == 0 { log = try open(disk, limitWALBytes: 0) }
      let signed = try VerifiedCheckpoint(verifying: log.checkpoint, by: signer.verifierKey)
      #expect(try signed.root == tree.root(size: UInt64(size)))
    }
  }

  @Test func everyEntryAndEveryOlderSizeCanBeShownLater() throws {
    var log = try open(CrashFS())
    for start in stride(from: 0, to: 700, by: 100) {
      _ = try log.append(entries(start..<start + 100))
      if start == 200 || start == 400 { try log.publish() }
    }
    var tree = PlainTree(entries(0..<700))
    let root = try tree.root(size: 700)
    for index in stride(from: 0, to: UInt64(700), by: 13) {
      let (entry, signed) = try TlogProof(parsing: log.proof(index: index)).verify(by: signer.verifierKey)
      #expect(entry == utf8("entry \(index)"))
      #expect(signed.root == root)
      let proof = try log.consistencyProof(from: index, to: 700)
      try proof.verify(oldRoot: tree.root(size: index), newRoot: root)
      let old = try log.inclusionProof(index: index / 2, size: index + 1)
      try old.verify(leaf: tree.leaves[Int(index / 2)], root: tree.root(size: index + 1))
    }
    #expect(throws: LogError.outOfRange) { try log.proof(index: 700) }
    #expect(throws: LogError.outOfRange) { try log.entry(at: 700) }
    #expect(throws: LogError.outOfRange) { try log.inclusionProof(index: 0, size: 701) }
    #expect(throws: LogError.outOfRange) { try log.consistencyProof(from: 0, to: 701) }
  }

  @Test func whatTheLogCannotHoldChangesNothing() throws {
    let disk = CrashFS()
    var log = try open(disk)
    #expect(throws: LogError.entryTooLong) {
      try log.append([utf8("fine"), [UInt8](repeating: 0, count: 16_385)])
    }
    #expect(throws: LogError.outOfRange) { try log.append([]) }
    #expect(throws: LogError.outOfRange) { try log.append(entries(0..<257)) }
    #expect(log.isPoisoned == false)
    #expect(try log.append([[UInt8](repeating: 0, count: 16_384)]).count == 1)
    #expect(log.size == 1)
  }

  @Test func nothingIsAcceptedAfterAnyFailedOperation() throws {
    var failures = 0
    for operation in 1...60 {
      let disk = CrashFS()
      var log = try open(disk, limitWALBytes: 0)
      _ = try log.append(entries(0..<2))
      disk.boot(CrashFS.Plan(crashAtOperation: operation))
      do throws(LogError) {
        _ = try log.append(entries(2..<4))
        try log.publish()
        _ = try log.append(entries(4..<5))
        try log.publish()
        continue
      } catch {
        guard case .storage = error else { Issue.record("\(error)"); continue }
      }
      failures += 1
      disk.boot(CrashFS.Plan())
      #expect(log.isPoisoned == true)
      #expect(throws: LogError.poisoned) { try log.append(entries(5..<6)) }
      #expect(throws: LogError.poisoned) { try log.publish() }
    }
    #expect(failures > 30)
  }

  @Test func aFullDiskRefusesAndLosesNothing() throws {
    for write in 1...8 {
      let disk = CrashFS()
      disk.boot(CrashFS.Plan(failWrite: write))
      var released = 0
      do throws(LogError) {
        var log = try open(disk)
        for start in 0..<20 {
          released += try log.append(entries(start..<start + 1)).count
          if start == 3 { try log.publish() }
        }
      } catch { #expect(error.code == "logStorageFailed") }
      disk.losePower()
      let log = try open(disk)
      #expect(log.size >= UInt64(released))
      for index in 0..<released { #expect(try log.entry(at: UInt64(index)) == utf8("entry \(index)")) }
    }
  }

  @Test func theWriteAheadLogIsReplacedWhenItHasGrown() throws {
    let disk = CrashFS()
    var log = try open(disk, limitWALBytes: 600)
    _ = try log.append(entries(0..<1))
    try log.publish()
    #expect(try #require(disk["wal"]).count > 0)
    _ = try log.append(entries(1..<100))
    try log.publish()
    #expect(disk["wal"] == [])
    _ = try log.append(entries(100..<101))
    #expect(try open(disk).size == 101)
  }

  @Test func publishingLeavesNoPartialFileOfAnOlderSize() throws {
    let disk = CrashFS()
    var log = try open(disk)
    for start in stride(from: 0, to: 600, by: 60) {
      _ = try log.append(entries(start..<start + 60))
      try log.publish()
    }
    #expect(
      disk.names.filter { $0.hasPrefix("tile/") } == [
        "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001",
        "tile/entries/002.p/88",
      ])
  }
}

struct LogReaderTests {
  @Test func everyPublishedSizeIsServedAndNothingBeyond() throws {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: logSigner(), absence: .begin)
    #expect(try log.reader().file(at: "checkpoint") == nil)
    let all = entries(0..<620)
    var size = 0
    for step in [1, 6, 100, 148, 1, 1, 255, 50] {
      _ = try log.append(Array(all[size..<size + step]))
      try log.publish()
      size += step
      // Durable, but not published: not served.
      let reader = log.reader()
      _ = try log.append([utf8("hidden")])
      try check(reader, size, all)
      log = try reopened(disk, dropping: 1)
    }
  }

  private func reopened(_ disk: CrashFS, dropping: Int) throws -> LogWriter {
    disk["wal"] = []
    return try LogWriter.open(disk, signer: logSigner(), absence: .refuse)
  }

  private func check(_ reader: LogReader, _ size: Int, _ all: [[UInt8]]) throws {
    let key = try logSigner().verifierKey
    let signed = try VerifiedCheckpoint(verifying: #require(try reader.file(at: "checkpoint")), by: key)
    #expect(signed.size == UInt64(size))
    let leaves = all.prefix(size).map { MerkleHash.leaf($0) }
    for tile in 0...size / 256 {
      for width in [1, 2, size % 256 - 1, size % 256, size % 256 + 1, 255, 256] where (1...256).contains(width) {
        let isThere = tile * 256 + width <= size
        let range = tile * 256..<tile * 256 + width
        let hashes = try reader.file(at: TilePath(.hashes(level: 0), index: UInt64(tile), width: width).path)
        #expect(hashes == (isThere ? leaves[range].flatMap(\.bytes) : nil), "size \(size) tile \(tile) width \(width)")
        let bundle = try reader.file(at: TilePath(.entries, index: UInt64(tile), width: width).path)
        #expect(bundle == (isThere ? EntryBundle.encode(all[range]) : nil))
      }
    }
    for width in 1...3 {
      let above = try reader.file(at: TilePath(.hashes(level: 1), index: 0, width: width).path)
      #expect((above != nil) == (size / 256 >= width))
    }
    for path in [
      "", "wal", "LOCK", "checkpoint/", "tile/2/000.p/1", "tile/0/000.tmp", "tile/0/x000/000", "../checkpoint",
    ] {
      #expect(try reader.file(at: path) == nil, "\(path)")
    }
  }

  @Test func aMissingTileIsAnErrorAndNotAnAnswer() throws {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: logSigner(), absence: .begin)
    _ = try log.append(entries(0..<3))
    try log.publish()
    disk["tile/0/000.p/3"] = nil
    let reader = log.reader()
    #expect(throws: LogError.damaged(.tileMissing(TilePath(.hashes(level: 0), index: 0, width: 3)))) {
      try reader.file(at: "tile/0/000.p/2")
    }
  }
}
