import Cryptography
import LogStorage
import Platform
import SignedNotes
import Telemetry
import Testing
import TransparencyLog

@testable import Backup

/// Snapshots of a log that is written to without a pause, and whose write-ahead log is cut again and again.
@Suite struct LiveLogTests {
  private func copy(_ snapshot: LogSnapshot, of log: DurableDirectory, to path: String) throws {
    var target = try CopyTarget(new: path)
    try target.write(snapshot.published.bytes, to: LogSnapshot.checkpointPath)
    try target.write(snapshot.writeAhead, to: LogSnapshot.writeAheadPath)
    for (name, bytes) in snapshot.edge { try target.write(bytes, to: name) }
    var full: [String] = []
    snapshot.forEachFullPath { full.append($0) }
    for name in full { try target.write(try #require(try log.read(file: name)), to: name) }
  }

  @Test func everySnapshotOfALogThatGrowsOpens() async throws {
    let state = try CopiedState(published: 10, pending: 0)
    let (size, isOver) = (Locked<UInt64>(10), Locked(false))
    async let writing: Void = OwnThread.run {
      var options = LogWriter.Options()
      options.limitWALBytes = 2000
      var log = try state.log(options: options)
      while !isOver.withLock({ $0 }) {
        _ = try log.append(CopiedState.entries(Int(log.size)..<Int(log.size) + 3))
        size.withLock { $0 = log.size }
        if log.size % 4 == 0 { try log.publish() }
      }
    }
    let folder = try DurableDirectory(path: "\(state.state)/log")
    var taken: [UInt64] = [10]
    do {
      defer { isOver.withLock { $0 = true } }
      while taken.count < 40 {
        let before = size.withLock { $0 }
        guard let last = taken.last, before > last else {
          await Task.yield()
          continue
        }
        let snapshot = try LogSnapshot.take(folder, key: state.logKey.verifierKey)
        #expect(snapshot.size >= before)
        taken.append(snapshot.size)
        try copy(snapshot, of: folder, to: "\(state.path)/copy")
        let log = try state.log(in: "\(state.path)/copy")
        #expect(log.size == snapshot.size)
        #expect(log.recovery.droppedBytes == 0)
        try FileTree.open(state.path).remove("copy")
      }
    }
    try await writing
    state.clear()
  }

  /// The writer publishes all that its write-ahead log holds, and cuts it, after the checkpoint was read and before the rest
  /// is. No partial tile is replaced by that.
  @Test func aPublicationInBetweenLosesNothing() throws {
    let state = try CopiedState(published: 256, pending: 2)
    let disk = MeddledDisk(try DurableDirectory(path: "\(state.state)/log")) {
      var options = LogWriter.Options()
      options.limitWALBytes = 0
      var log = try state.log(options: options)
      try log.publish()
    }
    let snapshot = try LogSnapshot.take(disk, key: state.logKey.verifierKey)
    #expect(snapshot.size == 258)
    #expect(snapshot.published.size == 258)
  }

  @Test func aWriteUnderWayIsNotTaken() throws {
    let state = try CopiedState(published: 5, pending: 2)
    let folder = try DurableDirectory(path: "\(state.state)/log")
    let whole = try #require(try folder.read(file: "wal"))
    for cut in 1..<40 {
      try SmallFile.overwrite("\(state.state)/log/wal", Array(whole.dropLast(cut)))
      let snapshot = try LogSnapshot.take(folder, key: state.logKey.verifierKey)
      #expect(snapshot.size == 5)
      #expect(whole.starts(with: snapshot.writeAhead))
    }
  }

  @Test func whatIsNoLogOfThatKeyIsRefused() throws {
    let state = try CopiedState(published: 5, pending: 2)
    let folder = try DurableDirectory(path: "\(state.state)/log")
    let stranger = try NoteSigner(name: "vouchsafe.test/log", key: .random()).verifierKey
    #expect(throws: LogError.damaged(.checkpoint)) { try LogSnapshot.take(folder, key: stranger) }
    state.remove("\(state.state)/log/wal")
    #expect(throws: LogError.damaged(.walMissing)) { try LogSnapshot.take(folder, key: state.logKey.verifierKey) }
    state.remove("\(state.state)/log/checkpoint")
    #expect(throws: LogError.damaged(.checkpointMissing)) {
      try LogSnapshot.take(folder, key: state.logKey.verifierKey)
    }
  }
}

/// A disk on which something happens once, before the write-ahead log is read. It is only read.
private final class MeddledDisk: DurableIO {
  private let disk: DurableDirectory
  private let happens: @Sendable () throws -> Void
  private let isOver = Locked(false)

  init(_ disk: DurableDirectory, _ happens: @escaping @Sendable () throws -> Void) {
    self.disk = disk
    self.happens = happens
  }

  func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    let isFirst =
      name == "wal"
      && isOver.withLock { over in
        defer { over = true }
        return !over
      }
    if isFirst {
      do { try happens() } catch { throw DurableFailure(.read, 0) }
    }
    return try disk.read(name)
  }

  func create(_ name: String) throws(DurableFailure) -> DurableFile { throw DurableFailure(.create, 0) }
  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {}
  func sync(_ file: DurableFile) throws(DurableFailure) {}
  func close(_ file: DurableFile) {}
  func rename(_ name: String, to target: String) throws(DurableFailure) {}
  func remove(_ name: String) throws(DurableFailure) {}
  func makeDirectory(_ name: String) throws(DurableFailure) {}
  func syncDirectory(_ name: String) throws(DurableFailure) {}
}
