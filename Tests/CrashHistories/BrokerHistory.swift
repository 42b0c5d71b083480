import Appraisal
import Bytes
import Cryptography
import HostileDisk
import KBSProtocol
import SignedNotes
import Synchronization
import TestSupport
import TransparencyLog

@testable import Broker

/// One random life of a broker's state on a hostile disk: up to four processes that store evidence, decide, change the
/// registry, publish and die, and one that looks at what is left.
///
/// I1: every released decision is in the log at its index with its bytes, and the evidence that it names is whole.
/// I2: every checkpoint that left a process is consistent with the log. I3: tiles, bundles and checkpoint are one tree.
/// I4: the registry is what the acknowledged changes made it, and every key in it opens. I5: no file ever held a key but
/// wrapped. And a state that had only crashes must start again.
struct BrokerHistory {
  private let cast: Cast
  private let thread: OneThread
  private let disk: CrashFS
  private let names: LeafNames
  private let isBetweenRenames: Bool
  private var random: SeededGenerator
  private var hasBegun = false
  private(set) var released: [Machine.Released] = []
  private var left: [Checkpoint] = []
  /// What the registry was or may have become, by epoch.
  private var states: [RegistrySnapshot]
  private var acknowledged = 0

  init(seed: UInt64, fault: CrashFS.Fault, cast: Cast, thread: OneThread) {
    self.cast = cast
    self.thread = thread
    random = SeededGenerator(seed: seed)
    disk = CrashFS(seed: seed, fault: fault)
    names = seed % 8 < 2 ? cast.privateNames : cast.clearNames
    isBetweenRenames = fault == .noFirstDirectorySync || seed % 4 == 0
    states = [RegistrySnapshot(values: cast.values)]
  }

  /// What went wrong, or `nil`.
  mutating func run() async -> String? {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      disk.boot(plan())
      if let violation = await process() { return violation }
      if random.happens(0.5) { disk.losePower() } else { disk.kill() }
    }
    if let violation = await lastLook() { return violation }
    for spelling in Cast.spellings where disk.holds(spelling) { return "a key is on the disk" }
    return nil
  }

  private mutating func plan() -> CrashFS.Plan {
    var plan = CrashFS.Plan()
    if isBetweenRenames {
      plan.crashAfterRename = Int.random(in: 1...8, using: &random)
      return plan
    }
    if random.happens(0.5) {
      plan.crashAtOperation = Int.random(in: 1...150, using: &random)
    } else if random.happens(0.6) {
      plan.crashAfterRename = Int.random(in: 1...20, using: &random)
    }
    if random.happens(0.2) { plan.failSync = Int.random(in: 1...40, using: &random) }
    if random.happens(0.1) { plan.failDirectorySync = Int.random(in: 1...30, using: &random) }
    if random.happens(0.1) { plan.failWrite = Int.random(in: 1...40, using: &random) }
    return plan
  }

  private func start(_ limitWALBytes: UInt64) async throws -> Machine {
    try await Machine.start(
      cast, disk, names: names, absence: hasBegun ? .refuse : .begin, limitWALBytes: limitWALBytes, on: thread)
  }

  private mutating func process() async -> String? {
    do {
      let machine = try await start([0, 700, 1 << 20][Int.random(in: 0..<3, using: &random)])
      hasBegun = true
      if let violation = try await checkRegistry(machine) { return violation }
      for _ in 0..<Int.random(in: 1...7, using: &random) {
        try await act(machine)
        left.append(try OwnCheckpoint.parsing(await machine.log.checkpoint))
        if random.happens(isBetweenRenames ? 0.8 : 0.3) { try await machine.log.publish() }
      }
      return nil
    } catch {
      return disk.hasFailed ? nil : "refused to go on: \(error)"
    }
  }

  private mutating func act(_ machine: Machine) async throws {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4: released.append(try await machine.release(blob()))
    case 4..<6: try await releaseTogether(machine)
    default: try await change(machine)
    }
  }

  private mutating func blob() -> [UInt8] { random.bytes(Int.random(in: 8...60, using: &random)) }

  /// Several at once share a record; some may be answered although others were not.
  private mutating func releaseTogether(_ machine: Machine) async throws {
    let blobs = (0..<Int.random(in: 2...4, using: &random)).map { _ in blob() }
    let results = await withTaskGroup(of: Result<Machine.Released, any Error>.self) { group in
      for blob in blobs {
        group.addTask { do { return .success(try await machine.release(blob)) } catch { return .failure(error) } }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    for case .success(let one) in results { released.append(one) }
    for case .failure(let error) in results { throw error }
  }

  private mutating func change(_ machine: Machine) async throws {
    let now = await machine.registry.snapshot
    let path = cast.resources[Int.random(in: 0..<cast.resources.count, using: &random)]
    let epoch = Int(now.values.epoch)
    let box = Noted()
    let kind = Int.random(in: 0..<4, using: &random)
    let statement = epoch < cast.statements.count ? cast.statements[epoch] : nil
    do {
      try await machine.change(
        { snapshot in
          if kind == 0, let statement { return try machine.state(statement, snapshot) }
          if kind == 1, snapshot.keys[path] != nil { return try machine.delete(path, snapshot) }
          return try machine.put(path, snapshot)
        }, note: { box.set($0) })
    } catch {
      if let attempted = box.value { states.append(attempted) }
      throw error
    }
    if let made = box.value { states.append(made) }
    acknowledged = states.count - 1
  }

  /// I4. The attempt under way at a crash may have become true or not; nothing else is open.
  private mutating func checkRegistry(_ machine: Machine) async throws -> String? {
    let snapshot = await machine.registry.snapshot
    let epoch = Int(snapshot.position.epoch)
    guard epoch >= acknowledged else { return "an acknowledged change of the registry is lost" }
    guard epoch < states.count else { return "the registry has a change that nobody made" }
    let wanted = states[epoch]
    guard snapshot.values == wanted.values, snapshot.keys == wanted.keys, snapshot.history == wanted.history else {
      return "the registry is not the fold of its changes"
    }
    for record in snapshot.keys.values where !opens(record) { return "a registered key does not open" }
    states.removeLast(states.count - 1 - epoch)
    acknowledged = epoch
    return nil
  }

  private func opens(_ record: KeyRecord) -> Bool {
    guard let key = try? record.unwrapped(by: cast.keyring) else { return false }
    return key.withBytes { span in Cast.secret.indices.allSatisfy { span.byte(at: $0) == Cast.secret[$0] } }
  }

  private mutating func lastLook() async -> String? {
    do {
      let machine = try await start(1 << 20)
      if let violation = try await checkRegistry(machine) { return violation }
      if let violation = try await checkReleases(machine) { return violation }
      if let violation = await audit() { return violation }
      try await machine.log.publish()
      return await audit()
    } catch { return "refused to start: \(error)" }
  }

  private func checkReleases(_ machine: Machine) async throws -> String? {
    let size = await machine.log.size
    for one in released {
      guard one.index < size, try await machine.log.entry(at: one.index) == one.entry else {
        return "released but lost"
      }
      guard (try? await machine.evidence.read(one.evidence)) == one.blob else { return "released without its evidence" }
    }
    let now = try OwnCheckpoint.parsing(await machine.log.checkpoint)
    for old in left {
      guard old.size <= size else { return "a checkpoint that left is ahead of the log" }
      let proof = try await machine.log.consistencyProof(from: old.size, to: size)
      guard (try? proof.verify(oldRoot: old.root, newRoot: now.root)) != nil else { return "two histories" }
    }
    return nil
  }

  private func audit() async -> String? {
    guard disk["log/checkpoint"] != nil else { return nil }
    do {
      var source = PublishedLog(disk: disk)
      _ = try await Auditor(key: cast.signer.verifierKey, leaves: .opaque).audit(&source)
      return nil
    } catch { return "the auditor refuses: \(error)" }
  }
}

private final class Noted: Sendable {
  private let stored = Mutex<RegistrySnapshot?>(nil)

  var value: RegistrySnapshot? { stored.withLock { $0 } }
  func set(_ value: RegistrySnapshot) { stored.withLock { $0 = value } }
}

private struct PublishedLog: LogSource {
  let disk: CrashFS

  func file(at path: String) -> [UInt8]? { disk["log/\(path)"] }
}

/// A history reads its own checkpoints; their signatures are checked elsewhere.
private enum OwnCheckpoint {
  static func parsing(_ signed: [UInt8]) throws -> Checkpoint {
    try Checkpoint(parsing: try SignedNote(parsing: signed).text)
  }
}
