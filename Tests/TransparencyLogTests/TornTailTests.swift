import HostileDisk
import SignedNotes
import TestSupport
import Testing

@testable import TransparencyLog

/// What may stand behind the last whole record of the write-ahead log, and what may not.
struct TornTailTests {
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func open(_ disk: CrashFS) throws(LogError) -> LogWriter {
    try LogWriter.open(disk, signer: signer, absence: .refuse)
  }

  /// A disk whose write-ahead log holds nine entries in three records.
  private func disk() throws -> CrashFS {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    for start in [0, 3, 6] { _ = try log.append(entries(start..<start + 3)) }
    return disk
  }

  @Test func whatIsDroppedIsSaid() throws {
    let disk = try disk()
    let wal = try #require(disk["wal"])
    #expect(try open(disk).recovery == LogRecovery(entries: 9, droppedBytes: 0))
    disk["wal"] = wal + [UInt8](repeating: 0x5A, count: 1000)
    #expect(try open(disk).recovery == LogRecovery(entries: 9, droppedBytes: 1000))
    disk["wal"] = wal.dropLast(1)
    let scan = try WriteAheadScan(wal.dropLast(1))
    let recovery = try open(disk).recovery
    #expect(recovery.entries == 6)
    #expect(recovery.droppedBytes == scan.droppedBytes && scan.droppedBytes > 100)
    // It is gone then, and not said again.
    #expect(try open(disk).recovery == LogRecovery(entries: 6, droppedBytes: 0))
  }

  @Test func aDamagedRecordThatSomethingFollowsWasDurableAndIsRefused() throws {
    let disk = try disk()
    let wal = try #require(disk["wal"])
    for place in [40, wal.count / 2, wal.count - 20, wal.count - 1] {
      var damaged = wal + [1, 2, 3]
      damaged[place] ^= 1
      disk["wal"] = damaged
      #expect(throws: LogError.self, "byte \(place)") { _ = try open(disk) }
    }
  }

  @Test func moreThanOneWriteIsNoTornWrite() throws {
    let disk = try disk()
    let wal = try #require(disk["wal"])
    disk["wal"] = wal + [UInt8](repeating: 0x5A, count: WriteAheadRecord.limitBytes)
    #expect(try open(disk).size == 9)
    disk["wal"] = wal + [UInt8](repeating: 0x5A, count: WriteAheadRecord.limitBytes + 1)
    #expect(throws: LogError.damaged(.walRecord(offset: wal.count))) { _ = try open(disk) }
  }

  @Test func aFileLongerThanTheLogEverWritesIsRefused() throws {
    let bytes = [UInt8](repeating: 0, count: WriteAheadRecord.limitFileBytes + 1)
    #expect(throws: LogError.damaged(.walTooLong(bytes: bytes.count))) { _ = try WriteAheadScan(bytes) }
  }

  /// Each would ask for hashing of nearly all that follows, at every offset, if nothing bounded it.
  @Test func aTailMadeToBeSlowIsRefusedSoon() throws {
    let disk = try disk()
    let wal = try #require(disk["wal"])
    let beginning: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 9, 0, 8, 0, 0] + [UInt8](repeating: 0, count: 16) + [0, 0, 0, 1]
    disk["wal"] = wal + (0..<65_536).flatMap { _ in beginning }
    let start = ContinuousClock.now
    #expect(throws: LogError.damaged(.walRecord(offset: wal.count))) { _ = try open(disk) }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func randomBytesAreReadInTimeThatTheirNumberGives() throws {
    let disk = try disk()
    let wal = try #require(disk["wal"])
    var random = SeededGenerator(seed: 7)
    disk["wal"] = wal + random.bytes(4 << 20)
    let start = ContinuousClock.now
    #expect(try open(disk).recovery.droppedBytes == 4 << 20)
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
