import HostileDisk
import Platform
import SignedNotes
import Testing
import TransparencyLog

struct DecisionLogTests {
  private let disk = CrashFS()
  private let signer: NoteSigner

  init() throws { signer = try logSigner() }

  private func open(_ absence: LogWriter.Absence = .begin) throws -> DecisionLog {
    try DecisionLog.open(disk, signer: signer, absence: absence, executor: SerialThread())
  }

  /// Commits all entries at once and returns what each caller got.
  private func commitAll(_ entries: [[UInt8]], _ log: DecisionLog) async -> [Result<Receipt, LogError>] {
    await withTaskGroup(of: Result<Receipt, LogError>.self) { group in
      for entry in entries {
        group.addTask {
          do throws(LogError) { return .success(try await log.commit(entry)) } catch { return .failure(error) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test func callersTogetherGetOneIndexEach() async throws {
    let log = try open()
    let receipts = try await commitAll(entries(0..<500), log).map { try $0.get() }
    #expect(Set(receipts.map(\.index)) == Set(0..<500))
    for receipt in receipts {
      #expect(try await log.entry(at: receipt.index) == receipt.entry)
      let (entry, _) = try TlogProof(parsing: receipt.tlogProof).verify(by: signer.verifierKey)
      #expect(entry == receipt.entry)
    }
    #expect(await log.size == 500)
  }

  @Test func callersTogetherShareRecords() async throws {
    let log = try open()
    let before = disk.operations
    _ = await commitAll(entries(0..<400), log)
    // Alone, each would cost a write and a sync.
    #expect(disk.operations - before < 400)
  }

  @Test func whatIsCommittedIsThereAfterAPowerLoss() async throws {
    let log = try open()
    let receipts = try await commitAll(entries(0..<50), log).map { try $0.get() }
    disk.losePower()
    let again = try open(.refuse)
    for receipt in receipts { #expect(try await again.entry(at: receipt.index) == receipt.entry) }
  }

  @Test func everyWaitingCallerHearsOfAFailedSync() async throws {
    let log = try open()
    _ = try await log.commit(utf8("first"))
    disk.boot(CrashFS.Plan(failSync: 1))
    let results = await commitAll(entries(0..<300), log)
    #expect(results.count == 300)
    for result in results { #expect(throws: LogError.self) { try result.get() } }
    disk.boot(CrashFS.Plan())
    await #expect(throws: LogError.poisoned) { try await log.commit(utf8("later")) }
    await #expect(throws: LogError.poisoned) { try await log.publish() }
    await #expect(throws: LogError.poisoned) { try await log.store(evidence: [utf8("blob")]) }
    #expect(await log.isPoisoned)
  }

  @Test func anEntryThatIsTooLongPoisonsNothing() async throws {
    let log = try open()
    let long = [UInt8](repeating: 0, count: log.limitEntryBytes + 1)
    await #expect(throws: LogError.entryTooLong) { try await log.commit(long) }
    #expect(try await log.commit(utf8("fine")).index == 0)
    // Nor does it spoil the record of those who came with it.
    let results = await commitAll(entries(0..<20) + [long] + entries(20..<40), log)
    #expect(results.count { (try? $0.get()) != nil } == 40)
  }

  @Test func onlyWhatIsPublishedIsServed() async throws {
    let log = try open()
    _ = try await log.commit(utf8("entry 0"))
    #expect(try await log.file(at: "tile/0/000.p/1") == nil)
    #expect(log.reader.size == 0)
    try await log.publish()
    #expect(try await log.file(at: "tile/0/000.p/1") == MerkleHash.leaf(utf8("entry 0")).bytes)
    #expect(try await log.file(at: "tile/entries/000.p/1") == EntryBundle.encode([utf8("entry 0")]))
    #expect(try log.reader.file(at: "checkpoint") == log.reader.checkpoint)
    #expect(await log.checkpoint == log.reader.checkpoint)
  }

  @Test func aLongTailIsPublishedByItself() async throws {
    let log = try DecisionLog(
      LogWriter.open(disk, signer: signer, absence: .begin), evidence: EvidenceStore(disk), executor: SerialThread(),
      publishEvery: 100)
    _ = await commitAll(entries(0..<300), log)
    // Behind the publication that the last batch asked for.
    try await log.publish()
    #expect(log.reader.size == 300)
  }

  @Test func proofsAreOfTheNewestTree() async throws {
    let log = try open()
    _ = await commitAll(entries(0..<20), log)
    let (entry, checkpoint) = try TlogProof(parsing: await log.proof(index: 3)).verify(by: signer.verifierKey)
    #expect(try await log.entry(at: 3) == entry)
    #expect(checkpoint.size == 20)
    let old = try await log.inclusionProof(index: 3, size: 7)
    #expect(old.size == 7)
    #expect(try await log.consistencyProof(from: 7, to: 20).newSize == 20)
  }
}
