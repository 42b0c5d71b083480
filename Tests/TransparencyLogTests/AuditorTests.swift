import Bytes
import HostileDisk
import SignedNotes
import Testing

@testable import TransparencyLog

struct AuditorTests {
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func disk(_ entries: [[UInt8]]) throws -> CrashFS {
    let disk = CrashFS()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    for start in stride(from: 0, to: entries.count, by: 200) {
      _ = try log.append(Array(entries[start..<min(start + 200, entries.count)]))
    }
    try log.publish()
    return disk
  }

  private func audit(
    _ disk: CrashFS, known: [Checkpoint] = [], leaves: Auditor.Leaves = .opaque
  ) async throws -> AuditReport {
    var source = DiskSource(disk: disk)
    return try await Auditor(key: signer.verifierKey, known: known, leaves: leaves).audit(&source)
  }

  /// Changes one file and says that the audit notices.
  private func expectNoticed(_ disk: CrashFS, _ path: String, _ change: ([UInt8]) -> [UInt8]?) async throws {
    let intact = try #require(disk[path])
    disk[path] = change(intact)
    await #expect(throws: AuditFailure.self, "\(path)") { try await audit(disk) }
    disk[path] = intact
  }

  @Test func sizesAroundATileGiveTheRootsOfTheVectors() async throws {
    for (size, root) in Vector.roots where size < 300 {
      #expect(try await Base64.encode(audit(disk(entries(0..<size))).root) == root)
    }
    #expect(try await audit(disk([])).root == MerkleHash.emptyTree.bytes)
  }

  @Test func everyFileIsCompared() async throws {
    let disk = try disk(entries(0..<520))
    #expect(try await audit(disk).size == 520)
    let files = disk.names.filter { $0.hasPrefix("tile/") || $0 == "checkpoint" }
    #expect(files.count == 8)
    for path in files {
      let count = try #require(disk[path]).count
      for index in stride(from: 0, to: count, by: max(1, count / 40)) {
        try await expectNoticed(disk, path) { bytes in
          var flipped = bytes
          flipped[index] ^= 1 << UInt8(index % 8)
          return flipped
        }
      }
      try await expectNoticed(disk, path) { Array($0.dropLast()) }
      try await expectNoticed(disk, path) { $0 + [0] }
      try await expectNoticed(disk, path) { _ in nil }
    }
  }

  @Test func entriesDroppedAddedOrReorderedAreNoticed() async throws {
    let disk = try disk(entries(0..<300))
    for path in ["tile/entries/000", "tile/entries/001.p/44"] {
      let bundle = try EntryBundle.decode(#require(disk[path]))
      try await expectNoticed(disk, path) { _ in EntryBundle.encode(bundle.dropFirst()) }
      try await expectNoticed(disk, path) { _ in EntryBundle.encode(bundle.dropLast() + [utf8("entry x")]) }
      try await expectNoticed(disk, path) { _ in EntryBundle.encode(bundle.reversed()) }
      try await expectNoticed(disk, path) { _ in EntryBundle.encode(bundle + [utf8("entry x")]) }
    }
  }

  @Test func aSmallerTreeUnderTheSameTilesIsNoticed() async throws {
    let disk = try disk(entries(0..<300))
    var tree = PlainTree(entries(0..<300))
    let smaller = Checkpoint(origin: signer.name, size: 299, root: try tree.root(size: 299))
    disk["checkpoint"] = try smaller.signed(by: signer)
    await #expect(throws: AuditFailure.missing("tile/entries/001.p/43")) { try await audit(disk) }
    let wrong = Checkpoint(origin: signer.name, size: 300, root: try tree.root(size: 299))
    disk["checkpoint"] = try wrong.signed(by: signer)
    await #expect(throws: AuditFailure.rootMismatch) { try await audit(disk) }
  }

  @Test func anotherKeyOrNoSignatureIsRefused() async throws {
    let disk = try disk(entries(0..<3))
    var source = DiskSource(disk: disk)
    let stranger = try NoteSigner(name: signer.name, key: key(from: 9)).verifierKey
    await #expect(throws: AuditFailure.checkpoint(.note(.noKnownSignature))) {
      try await Auditor(key: stranger).audit(&source)
    }
    let witness = try NoteCosigner(name: "w", key: key(from: 5)).verifierKey
    let auditor = Auditor(key: signer.verifierKey, policy: try QuorumPolicy(threshold: 1, of: [witness]))
    await #expect(throws: AuditFailure.checkpoint(.note(.noKnownSignature))) { try await auditor.audit(&source) }
  }

  @Test func twoHistoriesOfOneKeyAreNoticed() async throws {
    let disk = try disk(entries(0..<300))
    var tree = PlainTree(entries(0..<400))
    let seen = { (size: UInt64) in try Checkpoint(origin: self.signer.name, size: size, root: tree.root(size: size)) }
    #expect(try await audit(disk, known: [seen(0), seen(1), seen(256), seen(300)]).size == 300)
    for size: UInt64 in [0, 1, 100, 256, 300] {
      let other = Checkpoint(origin: signer.name, size: size, root: .leaf([]))
      await #expect(throws: AuditFailure.forked(at: size)) { try await audit(disk, known: [other]) }
    }
    let later = try seen(301)
    await #expect(throws: AuditFailure.shrunk(from: 301, to: 300)) { try await audit(disk, known: [later]) }
  }

  @Test func leavesAreCountedAndMustBeLeaves() async throws {
    let good = [
      #"{"result":"allow","sim":false,"time":"2026-01-02T03:04:05.000Z","type":"decision","v":1}"#,
      #"{"result":"deny","sim":true,"time":"2026-01-02T03:04:06.000Z","type":"decision","v":1}"#,
      #"{"time":"2026-01-02T03:04:07.500Z","type":"policy","v":1}"#,
    ]
    let report = try await audit(disk(good.map(utf8)), leaves: .ours)
    #expect(report.types == ["decision": 2, "policy": 1])
    #expect(report.results == ["allow": 1, "deny": 1])
    #expect(report.simulated == 1)
    #expect(report.firstTime?.rfc3339 == "2026-01-02T03:04:05Z")
    #expect(report.lastTime?.rfc3339 == "2026-01-02T03:04:07.500Z")
    let bad = [
      "", "entry 0", "[]", #"{"v":2,"type":"a","time":"2026-01-02T03:04:05Z"}"#,
      #"{"v":1,"time":"2026-01-02T03:04:05Z"}"#,
      #"{"v":1,"type":"a"}"#, #"{"v":1,"type":"a","time":"today"}"#,
      #"{"v":1,"v":1,"type":"a","time":"2026-01-02T03:04:05Z"}"#, good[0] + "{}", "{\"v\":1,",
    ]
    for text in bad {
      let disk = try disk([utf8(good[0]), utf8(text)])
      do {
        _ = try await audit(disk, leaves: .ours)
        Issue.record("\(text)")
      } catch AuditFailure.leaf(let index, _) { #expect(index == 1) }
    }
  }

  @Test func aDamagedEntryIsDamageWhateverItSays() async throws {
    let disk = try disk([utf8(#"{"time":"2026-01-02T03:04:07Z","type":"policy","v":1}"#)])
    let bundle = try #require(disk["tile/entries/000.p/1"])
    disk["tile/entries/000.p/1"] = bundle.dropLast() + [0x5D]
    await #expect(throws: AuditFailure.tileMismatch("tile/0/000.p/1")) { try await audit(disk, leaves: .ours) }
  }

  @Test func theAuditorSpellsPathsAsTheSpecificationDoes() {
    for index: UInt64 in [0, 1, 999, 1000, 1_234_067, 70_000_000_000] {
      for width in [1, 255, 256] {
        #expect(auditPath("0", index, width) == TilePath(.hashes(level: 0), index: index, width: width).path)
      }
    }
  }
}

struct AuditEntryTests {
  @Test func anEntryIsShownWithoutTheRestOfTheLog() async throws {
    let disk = CrashFS()
    let signer = try logSigner()
    var log = try LogWriter.open(disk, signer: signer, absence: .begin)
    for start in stride(from: 0, to: 520, by: 130) { _ = try log.append(entries(start..<start + 130)) }
    try log.publish()
    let auditor = Auditor(key: signer.verifierKey, leaves: .opaque)
    var source = DiskSource(disk: disk)
    for index: UInt64 in [0, 255, 256, 511, 512, 519] {
      #expect(try await auditor.entry(at: index, &source) == utf8("entry \(index)"))
    }
    await #expect(throws: AuditFailure.outOfRange(520, size: 520)) { try await auditor.entry(at: 520, &source) }
    for (path, index) in [
      ("tile/entries/000", UInt64(0)), ("tile/0/000", 0), ("tile/1/000.p/2", 0), ("tile/0/002.p/8", 0),
      ("tile/entries/002.p/8", 512), ("checkpoint", 0),
    ] {
      let intact = try #require(disk[path])
      for place in [5, intact.count / 2, intact.count - 3] where !path.contains("entries") || place == 5 {
        var damaged = intact
        damaged[place] ^= 1
        disk[path] = damaged
        await #expect(throws: AuditFailure.self, "\(path) \(place)") { try await auditor.entry(at: index, &source) }
      }
      disk[path] = nil
      await #expect(throws: AuditFailure.self) { try await auditor.entry(at: index, &source) }
      disk[path] = intact
    }
  }
}
