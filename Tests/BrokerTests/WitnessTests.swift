import Appraisal
import Bytes
import Cryptography
import Glibc
import Platform
import SignedNotes
import Testing
import TransparencyLog
import Transport

@testable import Broker

/// A folder that a relay and a broker share, two witnesses, and a log.
private final class Exchange {
  let path: String
  let folder: DurableDirectory
  let witnesses: [NoteCosigner]
  let policy: QuorumPolicy
  let signer: NoteSigner
  let log: DecisionLog

  init() throws {
    var template = Array("/tmp/vouchsafe-exchange-XXXXXX".utf8CString)
    path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
    folder = try DurableDirectory(path: path)
    witnesses = try ["w1", "w2"].map { try NoteCosigner(name: $0, key: Ed25519PrivateKey.random()) }
    policy = try QuorumPolicy(threshold: 2, of: witnesses.map(\.verifierKey))
    signer = try NoteSigner(name: "log.test", key: Ed25519PrivateKey.random())
    log = try DecisionLog.open(MemoryIO(), signer: signer, absence: .begin, executor: try SerialThread())
  }

  deinit {
    _ = try? ChildProcess.start(ChildPlan(path: "/bin/rm", arguments: ["-r", path])).wait(milliseconds: 10_000)
  }

  func place(_ bytes: [UInt8], at name: String) throws {
    let file = try folder.create(file: name)
    defer { folder.close(file) }
    try folder.write(bytes, to: file, at: 0)
  }

  func cosigned(_ checkpoint: [UInt8], by index: Int, at time: Timestamp = 100) throws -> [UInt8] {
    var note = try SignedNote(parsing: checkpoint)
    try note.appendSignature(witnesses[index].cosign(note.text, at: time))
    return note.bytes
  }

  func question(_ nonce: String = "n1") -> WitnessQuestion {
    WitnessQuestion(policy: policy, key: signer.verifierKey, folder: folder, nonce: nonce)
  }

  func answer(_ index: Int, _ held: [UInt8]?, nonce: String = "n1") throws {
    try place(
      WitnessExchange.answer(nonce, held: held), at: WitnessExchange.answerFile(of: witnesses[index].verifierKey))
  }
}

struct WitnessQuestionTests {
  private let exchange: Exchange

  init() throws { exchange = try Exchange() }

  private func ask() async throws -> [Checkpoint] {
    try await exchange.question().checkpoints(waiting: .milliseconds(200))
  }

  @Test func silenceOfAQuorumRefusesTheStart() async throws {
    await #expect(throws: StartError.witnessesSilent(["w1", "w2"])) { try await ask() }
    #expect(try exchange.folder.read(file: WitnessExchange.ask) == Array("n1\n".utf8))
    try exchange.answer(0, nil, nonce: "n0")
    try exchange.answer(1, nil, nonce: "n0")
    await #expect(throws: StartError.witnessesSilent(["w1", "w2"]), "answers to another question") { try await ask() }
    try exchange.answer(0, nil)
    #expect(try await ask() == [], "w2 alone is no quorum: what both signed, w1 would know")
  }

  @Test func whatAWitnessHoldsIsBelievedWhenItSignedIt() async throws {
    _ = try await exchange.log.commit([1])
    let checkpoint = await exchange.log.checkpoint
    try exchange.answer(0, exchange.cosigned(checkpoint, by: 0))
    try exchange.answer(1, exchange.cosigned(checkpoint, by: 1))
    #expect(try await ask().map(\.size) == [1, 1])
    for lie in [checkpoint, try exchange.cosigned(checkpoint, by: 1), Array("junk".utf8)] {
      try exchange.answer(0, lie)
      try exchange.answer(1, nil, nonce: "n0")
      await #expect(throws: StartError.witnessesSilent(["w1", "w2"])) { try await ask() }
    }
  }

  @Test func aStateThatAWitnessHasSeenMoreOfDoesNotStart() async throws {
    let disk = MemoryIO()
    func open(_ witnessed: [Checkpoint]) throws -> DecisionLog {
      try DecisionLog.open(
        disk, signer: exchange.signer, absence: .begin, executor: try SerialThread(), witnessed: witnessed)
    }
    let log = try open([])
    for byte in 0..<5 { _ = try await log.commit([UInt8(byte)]) }
    let own = try VerifiedCheckpoint(verifying: await log.checkpoint, by: exchange.signer.verifierKey).checkpoint
    _ = try open([own])
    let more = Checkpoint(origin: own.origin, size: 6, root: own.root)
    let other = Checkpoint(origin: own.origin, size: 5, root: .leaf([]))
    let smaller = Checkpoint(origin: own.origin, size: 4, root: own.root)
    for seen in [more, other, smaller] {
      #expect(throws: LogError.damaged(.rolledBack(witnessed: seen.size))) { try open([seen]) }
    }
  }

  @Test func settingsSayWhoTheWitnessesAre() throws {
    let text = #"{"witnesses": {"policyFile": "p", "exchange": "x", "startWaitSeconds": 7}}"#
    let parsed = try BrokerConfiguration(parsing: Array(text.utf8)).witnesses
    #expect(parsed == WitnessSettings(policyFile: "p", exchange: "x", startWait: .seconds(7)))
    for bad in [
      #"{"witnesses": {"policyFile": "p"}}"#, #"{"witnesses": {"policyFile": "p", "exchange": "x", "wait": 1}}"#,
      #"{"witnesses": {"policyFile": "p", "exchange": "x", "startWaitSeconds": 0}}"#, #"{"witnesses": []}"#,
    ] { #expect(throws: ParseError.self) { try BrokerConfiguration(parsing: Array(bad.utf8)) } }
  }

  @Test func aPolicyThatCannotHoldIsRefused() throws {
    let key = exchange.signer.verifierKey
    let good = exchange.policy.text
    let other = try NoteSigner(name: "other.test", key: Ed25519PrivateKey.random()).verifierKey.text
    let settings = WitnessSettings(policyFile: "\(exchange.path)/policy", exchange: exchange.path)
    #expect(throws: StartError.self, "no file") { try settings.policy(of: key) }
    for (text, isGood) in [
      (good, true), ("log \(key.text)\n" + good, true), ("log \(other)\n" + good, false), ("quorum none\n", false),
      ("junk\n", false), ("", false), (String(good.dropLast()), false),
    ] {
      try exchange.place(Array(text.utf8), at: "policy")
      if isGood {
        #expect(try settings.policy(of: key).members.count == 2)
      } else {
        #expect(throws: StartError.self, "\(text)") { try settings.policy(of: key) }
      }
    }
  }
}

struct WitnessBoardTests {
  private let exchange: Exchange
  private let board: WitnessBoard

  init() throws {
    exchange = try Exchange()
    board = try WitnessBoard(policy: exchange.policy, key: exchange.signer.verifierKey, folder: exchange.folder)
  }

  private func leave(_ note: [UInt8], of index: Int) throws {
    try exchange.place(note, at: WitnessExchange.checkpointFile(of: exchange.witnesses[index].verifierKey))
  }

  @Test func aQuorumIsServedAndNeverGoesBack() async throws {
    _ = try await exchange.log.commit([1])
    let one = await exchange.log.checkpoint
    try leave(exchange.cosigned(one, by: 0), of: 0)
    #expect(await board.read().map(\.size) == [1])
    #expect(await board.read().isEmpty, "an unchanged file is not read again")
    await board.adopt()
    #expect(board.quorum == nil)
    try leave(exchange.cosigned(one, by: 1, at: 90), of: 1)
    _ = await board.read()
    await board.adopt()
    #expect(board.quorum?.checkpoint.size == 1)
    #expect(board.quorum?.time == 90)
    for lie in [Array("junk".utf8), [], try exchange.cosigned(one, by: 1), one] {
      try leave(lie, of: 0)
      #expect(await board.read().isEmpty)
      await board.adopt()
      #expect(board.quorum?.checkpoint.size == 1)
    }
    _ = try await exchange.log.commit([2])
    let two = await exchange.log.checkpoint
    for index in 0...1 { try leave(exchange.cosigned(two, by: index), of: index) }
    #expect(await board.read().count == 2)
    await board.adopt()
    #expect(board.quorum?.checkpoint.size == 2)
  }

  @Test func theLogKnowsItsOwnHistory() async throws {
    let log = exchange.log
    for byte in 0..<300 { _ = try await log.commit([UInt8(truncatingIfNeeded: byte)]) }
    let own = try Checkpoint(parsing: SignedNote(parsing: await log.checkpoint).text)
    #expect(await log.continues(own))
    #expect(await log.continues(Checkpoint(origin: own.origin, size: 0, root: .emptyTree)))
    for (size, root) in [(300, MerkleHash.emptyTree), (299, own.root), (301, own.root), (0, own.root)] {
      #expect(await !log.continues(Checkpoint(origin: own.origin, size: UInt64(size), root: root)))
    }
  }
}

struct LogServingTests {
  @Test func whatNeverChangesMayBeKept() async throws {
    let bench = try await Bench.make()
    for byte in 0..<300 { _ = try await bench.broker.log.commit(Array("{\"n\":\(byte)}".utf8)) }
    await bench.broker.flushLog()
    for (path, caching) in [
      ("checkpoint", "public, max-age=1"), ("checkpoint.newest", "public, max-age=1"),
      ("tile/0/000", "public, max-age=31536000, immutable"),
      ("tile/entries/000", "public, max-age=31536000, immutable"),
      ("tile/0/001.p/45", "public, max-age=60"), ("tile/entries/001.p/45", "public, max-age=60"),
      ("tile/0/000.p/7", "public, max-age=60"),
    ] {
      let answer = try await bench.call(.get, "/log/\(path)")
      #expect((answer.status, answer.header("Cache-Control")) == (200, caching), "\(path)")
    }
    let missing = try await bench.call(.get, "/log/tile/0/002")
    #expect((missing.status, missing.header("Cache-Control")) == (404, nil))
  }

  @Test func aMethodThatIsNotTakenIsNotNamed() async throws {
    let bench = try await Bench.make()
    for method in [HTTPMethodName.post, .put, .delete] {
      let answer = try await bench.call(method.method, "/log/checkpoint")
      #expect((answer.status, answer.header("Allow")) == (405, "GET"))
    }
  }

  @Test func aChangeSaysWhichValuesItPutsIntoForce() async throws {
    let bench = try await Bench.make()
    _ = try await bench.approve(bundle())
    let leaf = try #require(try await bench.entries().last)
    #expect(leaf["change"] == "statement")
    #expect(leaf["refvalues"]?.stringValue == Hex.encode(await bench.broker.registry.snapshot.values.digest))
  }
}
