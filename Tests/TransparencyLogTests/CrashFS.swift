import Synchronization
import TestSupport
import TransparencyLog

/// A hostile file system in memory: it keeps what it promised to keep, and of everything else what hurts most.
///
/// For each file it holds what is durable and what is visible, with the writes between them; for each directory entry
/// likewise. A power loss keeps each un-synced write with probability .4, tears it with .3 and loses it otherwise, and
/// keeps or loses each un-synced name independently. A failed sync leaves half of its writes durable, drops the others
/// for good, and goes on showing all of them.
final class CrashFS: DurableIO {
  /// Ways to break the promise, to see that the tests notice.
  enum Fault: CaseIterable {
    case none, noFileSync, noDirectorySync, noTailRewrite, releaseBeforeSync, noFirstDirectorySync, noTileSync
  }

  /// What ends a process, counted in operations since its start.
  struct Plan {
    var crashAtOperation: Int?
    /// Dies in the operation after this many renames.
    var crashAfterRename: Int?
    var failSync: Int?
    var failDirectorySync: Int?
    var failWrite: Int?
  }

  /// `errno` of the operations of a process that is dead.
  static let dead: Int32 = 9999

  private struct Inode {
    var durable: [UInt8] = []
    var visible: [UInt8] = []
    var pending: [(offset: Int, bytes: [UInt8])] = []
    var name: String

    mutating func keep(_ write: (offset: Int, bytes: [UInt8])) { Self.apply(write, to: &durable) }

    static func apply(_ write: (offset: Int, bytes: [UInt8]), to file: inout [UInt8]) {
      let end = write.offset + write.bytes.count
      if file.count < end { file += [UInt8](repeating: 0, count: end - file.count) }
      file.replaceSubrange(write.offset..<end, with: write.bytes)
    }
  }

  /// A name stands for a file, or for a directory (-1).
  private struct State {
    var random: SeededGenerator
    var inodes: [Inode] = []
    var visible: [String: Int] = [:]
    var durable: [String: Int] = [:]
    var plan = Plan()
    var operations = 0
    var renames = 0
    var syncs = 0
    var directorySyncs = 0
    var writes = 0
    var isDead = false
    var unsynced: [Int] = []
  }

  private let fault: Fault
  private let state: Mutex<State>

  init(seed: UInt64 = 0, fault: Fault = .none) {
    self.fault = fault
    state = Mutex(State(random: SeededGenerator(seed: seed ^ 0xD15C)))
  }

  // MARK: What happens to the machine

  /// Starts a process.
  func boot(_ plan: Plan) {
    state.withLock {
      $0.plan = plan
      ($0.operations, $0.renames, $0.syncs, $0.directorySyncs, $0.writes) = (0, 0, 0, 0, 0)
      $0.isDead = false
      $0.unsynced = []
    }
  }

  /// The process is gone, the machine is not: everything visible stays.
  func kill() { boot(Plan()) }

  func losePower() {
    state.withLock { state in
      for index in state.inodes.indices {
        for write in state.inodes[index].pending {
          let fate = Double.random(in: 0..<1, using: &state.random)
          if fate < 0.4 {
            state.inodes[index].keep(write)
          } else if fate < 0.7 {
            let torn = Int.random(in: 0...write.bytes.count, using: &state.random)
            state.inodes[index].keep((write.offset, Array(write.bytes.prefix(torn))))
          }
        }
        state.inodes[index].pending = []
        state.inodes[index].visible = state.inodes[index].durable
      }
      Self.loseNames(&state)
    }
    boot(Plan())
  }

  private static func loseNames(_ state: inout State) {
    var kept = state.durable
    for name in Set(state.visible.keys).union(state.durable.keys).sorted()
    where state.visible[name] != state.durable[name] && state.random.happens(0.5) {
      kept[name] = state.visible[name]
    }
    let isReachable = { (name: String) in parents(of: name).allSatisfy { kept[$0] != nil } }
    state.durable = kept.filter { isReachable($0.key) }
    state.visible = state.durable
  }

  /// Whether the running process has met its crash or an injected failure.
  var hasFailed: Bool { state.withLock { $0.isDead } }
  var operations: Int { state.withLock { $0.operations } }

  // MARK: For tests that damage things

  var names: [String] { state.withLock { state in state.visible.filter { $0.value >= 0 }.keys.sorted() } }

  subscript(_ name: String) -> [UInt8]? {
    get { state.withLock { state in state.visible[name].map { state.inodes[$0].visible } } }
    set {
      state.withLock { state in
        (state.visible[name], state.durable[name]) = (nil, nil)
        guard let newValue else { return }
        state.inodes.append(Inode(durable: newValue, visible: newValue, name: name))
        (state.visible[name], state.durable[name]) = (state.inodes.count - 1, state.inodes.count - 1)
      }
    }
  }

  /// A second disk with the same files, all durable.
  func copy() -> CrashFS {
    let other = CrashFS()
    for name in names { other[name] = self[name] }
    return other
  }

  // MARK: DurableIO

  func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    try perform { state throws(DurableFailure) in
      try Self.step(&state, .read)
      return state.visible[name].map { state.inodes[$0].visible }
    }
  }

  func create(_ name: String) throws(DurableFailure) -> DurableFile {
    try perform { state throws(DurableFailure) in
      try Self.step(&state, .create)
      try Self.requireParent(name, state, .create)
      state.inodes.append(Inode(name: name))
      state.visible[name] = state.inodes.count - 1
      return DurableFile(id: Int32(state.inodes.count - 1))
    }
  }

  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try perform { state throws(DurableFailure) in
      try Self.step(&state, .write)
      state.writes += 1
      let index = Int(file.id)
      let fails = state.writes == state.plan.failWrite
      // A full disk takes the beginning of a write before it refuses the rest.
      let taken = (Int(offset), fails ? Array(bytes.prefix(bytes.count / 2)) : bytes)
      Inode.apply(taken, to: &state.inodes[index].visible)
      state.inodes[index].pending.append(taken)
      if fails { try Self.die(&state, .write, 28) }
    }
  }

  func sync(_ file: DurableFile) throws(DurableFailure) {
    try perform { [fault] state throws(DurableFailure) in
      try Self.step(&state, .sync)
      state.syncs += 1
      let index = Int(file.id)
      if state.syncs == state.plan.failSync {
        for write in state.inodes[index].pending where state.random.happens(0.5) { state.inodes[index].keep(write) }
        state.inodes[index].pending = []
        try Self.die(&state, .sync, 5)
      }
      if fault == .noFileSync || (fault == .noTileSync && state.inodes[index].name.hasPrefix("tile/")) { return }
      if fault == .releaseBeforeSync {
        state.unsynced.append(index)
      } else {
        Self.flush(index, &state)
      }
    }
  }

  func close(_ file: DurableFile) {}

  func rename(_ name: String, to target: String) throws(DurableFailure) {
    try perform { [fault] state throws(DurableFailure) in
      try Self.step(&state, .rename)
      guard let index = state.visible.removeValue(forKey: name) else { throw DurableFailure(.rename, 2) }
      state.renames += 1
      if fault == .noTailRewrite, target == "wal", let old = state.visible[target],
        state.inodes[old].visible == state.inodes[index].visible
      {
        // The open handle goes on writing into the old file, un-synced bytes and all.
        state.inodes.swapAt(old, index)
        state.visible[target] = index
        if let durable = state.durable[target], durable == old { state.durable[target] = index }
        return
      }
      state.visible[target] = index
    }
  }

  func remove(_ name: String) throws(DurableFailure) {
    try perform { state throws(DurableFailure) in
      try Self.step(&state, .remove)
      state.visible[name] = nil
    }
  }

  func makeDirectory(_ name: String) throws(DurableFailure) {
    try perform { state throws(DurableFailure) in
      try Self.step(&state, .makeDirectory)
      try Self.requireParent(name, state, .makeDirectory)
      if state.visible[name] == nil { state.visible[name] = -1 }
    }
  }

  func syncDirectory(_ name: String) throws(DurableFailure) {
    try perform { [fault] state throws(DurableFailure) in
      try Self.step(&state, .syncDirectory)
      state.directorySyncs += 1
      if state.directorySyncs == state.plan.failDirectorySync { try Self.die(&state, .syncDirectory, 5) }
      if fault == .noDirectorySync || (fault == .noFirstDirectorySync && state.directorySyncs == 1) { return }
      let inside = { (entry: String) in (Self.parents(of: entry).last ?? "") == name }
      for entry in Set(state.visible.keys).union(state.durable.keys) where inside(entry) {
        state.durable[entry] = state.visible[entry]
      }
    }
  }

  // MARK: Steps

  private func perform<R: Sendable>(
    _ body: (inout State) throws(DurableFailure) -> R
  ) throws(DurableFailure) -> R {
    try state.withLock { state throws(DurableFailure) in try body(&state) }
  }

  private static func step(_ state: inout State, _ operation: DurableFailure.Operation) throws(DurableFailure) {
    guard !state.isDead else { throw DurableFailure(operation, dead) }
    state.operations += 1
    if state.operations == state.plan.crashAtOperation { try die(&state, operation, dead) }
    if let after = state.plan.crashAfterRename, state.renames == after { try die(&state, operation, dead) }
    for index in state.unsynced { flush(index, &state) }
    state.unsynced = []
  }

  private static func die(
    _ state: inout State, _ operation: DurableFailure.Operation, _ number: Int32
  ) throws(DurableFailure) {
    state.isDead = true
    throw DurableFailure(operation, number)
  }

  private static func flush(_ index: Int, _ state: inout State) {
    for write in state.inodes[index].pending { state.inodes[index].keep(write) }
    state.inodes[index].pending = []
  }

  private static func requireParent(
    _ name: String, _ state: State, _ operation: DurableFailure.Operation
  ) throws(DurableFailure) {
    guard parents(of: name).allSatisfy({ state.visible[$0] == -1 }) else { throw DurableFailure(operation, 2) }
  }

  /// Every directory above, outermost first, without the root.
  private static func parents(of name: String) -> [String] {
    let parts = name.split(separator: "/")
    return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
  }
}
