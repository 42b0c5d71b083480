import HostileDisk
import SignedNotes
import TestSupport
import TransparencyLog

/// One random life of a log on a hostile disk: up to four processes that append, publish and die, and one that looks at what
/// is left. Runs the real writer.
///
/// I1: every released entry is in the log at its index with its bytes. I2: every checkpoint that left the process is
/// consistent with the log. I3: tiles, bundles and checkpoint are one tree. And a log that had only ordinary
/// crashes must start again.
struct CrashHistory {
  /// What kind of trouble there is.
  enum Weather: CaseIterable {
    /// Crashes anywhere, failing syncs, full disks.
    case mixed
    /// Short lives that end between a rename and the sync of its directory.
    case betweenRenames
  }

  private let weather: Weather
  private let signer: NoteSigner
  private let disk: CrashFS
  private var random: SeededGenerator
  private var hasBegun = false
  private var counter = 0
  private var released: [(index: UInt64, entry: [UInt8])] = []
  private var left: [Checkpoint] = []

  init(seed: UInt64, weather: Weather = .mixed, fault: CrashFS.Fault = .none, signer: NoteSigner) {
    self.weather = weather
    random = SeededGenerator(seed: seed)
    disk = CrashFS(seed: seed, fault: fault)
    self.signer = signer
  }

  var releasedCount: Int { released.count }

  /// What went wrong, or `nil`.
  mutating func run() async -> String? {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      disk.boot(plan())
      if let violation = process() { return violation }
      if random.happens(0.5) { disk.losePower() } else { disk.kill() }
    }
    return await lastLook()
  }

  private mutating func plan() -> CrashFS.Plan {
    var plan = CrashFS.Plan()
    if weather == .betweenRenames {
      plan.crashAfterRename = Int.random(in: 1...5, using: &random)
      return plan
    }
    if random.happens(0.5) {
      plan.crashAtOperation = Int.random(in: 1...80, using: &random)
    } else if random.happens(0.6) {
      plan.crashAfterRename = Int.random(in: 1...8, using: &random)
    }
    if random.happens(0.2) { plan.failSync = Int.random(in: 1...20, using: &random) }
    if random.happens(0.1) { plan.failDirectorySync = Int.random(in: 1...10, using: &random) }
    if random.happens(0.1) { plan.failWrite = Int.random(in: 1...20, using: &random) }
    return plan
  }

  private func options(_ limit: UInt64) -> LogWriter.Options {
    var options = LogWriter.Options()
    options.limitWALBytes = limit
    return options
  }

  private mutating func process() -> String? {
    do throws(LogError) {
      let limit: UInt64 = [0, 700, 1 << 20][Int.random(in: 0..<3, using: &random)]
      var log = try LogWriter.open(
        disk, signer: signer, absence: hasBegun ? .refuse : .begin, options: options(limit))
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        released += try log.append(batch()).map { ($0.index, $0.entry) }
        hasBegun = true
        left.append(try OwnCheckpoint.checkpoint(log.checkpoint))
        if random.happens(weather == .mixed ? 0.3 : 0.8) { try log.publish() }
      }
      return nil
    } catch {
      return disk.hasFailed ? nil : "refused to go on: \(error.code)"
    }
  }

  private mutating func batch() -> [[UInt8]] {
    let count = random.happens(0.01) ? Int.random(in: 80...256, using: &random) : Int.random(in: 1...3, using: &random)
    return (0..<count).map { _ in
      counter += 1
      return utf8("entry \(counter)") + [UInt8](repeating: 0x2E, count: Int.random(in: 0...30, using: &random))
    }
  }

  private func lastLook() async -> String? {
    do throws(LogError) {
      var log = try LogWriter.open(
        disk, signer: signer, absence: hasBegun ? .refuse : .begin, options: options(1 << 20))
      for one in released {
        guard one.index < log.size, try log.entry(at: one.index) == one.entry else { return "released but lost" }
      }
      let now = try OwnCheckpoint.checkpoint(log.checkpoint)
      for old in left {
        guard old.size <= log.size else { return "a checkpoint that left is ahead of the log" }
        let proof = try log.consistencyProof(from: old.size, to: log.size)
        guard (try? proof.verify(oldRoot: old.root, newRoot: now.root)) != nil else { return "two histories" }
      }
      if let violation = await audit() { return "before publication: \(violation)" }
      try log.publish()
      return await audit()
    } catch { return "refused to start: \(error.code)" }
  }

  private func audit() async -> String? {
    guard disk["checkpoint"] != nil else { return nil }
    do {
      var source = DiskSource(disk: disk)
      _ = try await Auditor(key: signer.verifierKey, leaves: .opaque).audit(&source)
      return nil
    } catch { return "\(error)" }
  }
}

/// A history reads its own checkpoints; their signatures are checked elsewhere.
enum OwnCheckpoint {
  static func checkpoint(_ signed: [UInt8]) throws(LogError) -> Checkpoint {
    let note: SignedNote
    do throws(NoteError) { note = try SignedNote(parsing: signed) } catch { throw .note(error) }
    return try Checkpoint(parsing: note.text)
  }
}

struct DiskSource: LogSource {
  let disk: CrashFS

  func file(at path: String) -> [UInt8]? { disk[path] }
}
