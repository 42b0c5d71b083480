import Bytes
import HostileDisk
import SignedNotes
import Testing

@testable import TransparencyLog

struct FollowedLogTests {
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func disk(_ all: [[UInt8]], publishing sizes: [Int]) throws -> [DiskSource] {
    try sizes.map { size in
      let disk = CrashFS()
      var log = try LogWriter.open(disk, signer: signer, absence: .begin)
      for start in stride(from: 0, to: size, by: 200) {
        _ = try log.append(Array(all[start..<min(start + 200, size)]))
      }
      try log.publish()
      return DiskSource(disk: disk)
    }
  }

  private let another = entries(0..<300) + [utf8("another")] + entries(301..<900)

  @Test func whatIsNewIsReadOnceAndInOrder() async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var seen: [[UInt8]] = []
    for var source in try disk(entries(0..<700), publishing: [0, 1, 7, 255, 256, 256, 257, 511, 700]) {
      let before = followed.size
      let count = try await followed.advance(&source) { index, entry in
        #expect(index == UInt64(seen.count))
        seen.append(entry)
      }
      #expect(count == followed.size - before)
      // As a process that ended and began again.
      let checkpoint = try #require(followed.checkpoint)
      followed = try FollowedLog(key: signer.verifierKey, checkpoint: checkpoint.bytes, edge: followed.edge)
    }
    #expect(seen == entries(0..<700))
  }

  @Test func theEdgeIsSmallAndHeldAgainstItsCheckpoint() async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var source = try disk(entries(0..<700), publishing: [700])[0]
    try await followed.advance(&source) { _, _ in }
    let checkpoint = try #require(followed.checkpoint).bytes
    #expect(followed.edge.count == 32 * (700 % 256 + 2))
    for index in stride(from: 0, to: followed.edge.count, by: 97) {
      var edge = followed.edge
      edge[index] ^= 1
      #expect(throws: AuditFailure.rootMismatch) {
        try FollowedLog(key: signer.verifierKey, checkpoint: checkpoint, edge: edge)
      }
    }
    for edge in [[], Array(followed.edge.dropLast()), followed.edge + [0], followed.edge + followed.edge] {
      #expect(throws: AuditFailure.rootMismatch) {
        try FollowedLog(key: signer.verifierKey, checkpoint: checkpoint, edge: edge)
      }
    }
    #expect(throws: AuditFailure.self) {
      try FollowedLog(key: signer.verifierKey, checkpoint: Array(checkpoint.dropLast()), edge: followed.edge)
    }
  }

  /// One signed size, then another history of the key at that size or a later one.
  @Test(arguments: [(301, 301), (400, 400), (301, 302), (301, 512), (301, 900), (512, 900), (600, 601)])
  func twoHistoriesAreNoticedAndBothKept(_ old: Int, _ new: Int) async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var honest = try disk(entries(0..<900), publishing: [old])[0]
    try await followed.advance(&honest) { _, _ in }
    let before = try #require(followed.checkpoint)
    var forked = try disk(another, publishing: [new])[0]
    await #expect(throws: AuditFailure.forked(at: UInt64(old))) { try await followed.advance(&forked) { _, _ in } }
    #expect(followed.checkpoint == before)
    let shown = try #require(followed.shown)
    #expect(shown.size == UInt64(new) && shown.bytes != before.bytes)
    #expect(try VerifiedCheckpoint(verifying: shown.bytes, by: signer.verifierKey) == shown)
  }

  @Test func aLogThatShrankIsNoticed() async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var sources = try disk(entries(0..<400), publishing: [400, 399, 0])
    try await followed.advance(&sources[0]) { _, _ in }
    await #expect(throws: AuditFailure.shrunk(from: 400, to: 399)) {
      try await followed.advance(&sources[1]) { _, _ in }
    }
    await #expect(throws: AuditFailure.shrunk(from: 400, to: 0)) { try await followed.advance(&sources[2]) { _, _ in } }
    #expect(followed.size == 400)
  }

  @Test func damageIsNotCalledAFork() async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var sources = try disk(entries(0..<700), publishing: [300, 700])
    try await followed.advance(&sources[0]) { _, _ in }
    for path in ["tile/entries/001", "tile/entries/002.p/188", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"] {
      let disk = sources[1].disk
      let intact = try #require(disk[path])
      for place in [2, 40, intact.count - 1] {
        var damaged = intact
        damaged[place] ^= 1
        disk[path] = damaged
        do {
          try await followed.advance(&sources[1]) { _, _ in }
          Issue.record("\(path) \(place)")
        } catch let failure as AuditFailure {
          #expect(failure != .forked(at: 300), "\(path) \(place)")
        }
      }
      disk[path] = nil
      await #expect(throws: AuditFailure.self, "\(path)") { try await followed.advance(&sources[1]) { _, _ in } }
      disk[path] = intact
    }
    #expect(followed.size == 300)
    try await followed.advance(&sources[1]) { _, _ in }
  }

  @Test func witnessesAreCountedWhenAPolicyAsksForThem() async throws {
    var followed = FollowedLog(key: signer.verifierKey)
    var source = try disk(entries(0..<7), publishing: [7])[0]
    let policy = try QuorumPolicy(threshold: 1, of: [cosigner().verifierKey])
    await #expect(throws: AuditFailure.checkpoint(.note(.noKnownSignature))) {
      try await followed.advance(policy: policy, &source) { _, _ in }
    }
    var note = try SignedNote(parsing: #require(source.disk["checkpoint"]))
    try note.appendSignature(cosigner().cosign(note.text, at: 5))
    source.disk["checkpoint"] = note.bytes
    try await followed.advance(policy: policy, &source) { _, _ in }
    #expect(followed.checkpoint?.witnesses == ["witness.test/w1"])
  }
}
