import Synchronization
import TestSupport
package import TransparencyLog

extension CrashFS {
  package func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    try perform(.read) { state throws(DurableFailure) in state.file(name).map { state.files[$0].visible } }
  }

  package func create(_ name: String) throws(DurableFailure) -> DurableFile {
    try perform(.create) { state throws(DurableFailure) in
      guard let (parent, leaf) = state.place(name) else { throw DurableFailure(.create, 2) }
      state.files.append(CrashState.File(name: name))
      state.directories[parent].visible[leaf] = .file(state.files.count - 1)
      return DurableFile(id: Int32(state.files.count - 1))
    }
  }

  package func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try perform(.write) { state throws(DurableFailure) in
      state.writes += 1
      let fails = state.writes == state.plan.failWrite
      // A full disk takes the beginning of a write before it refuses the rest.
      let taken = (Int(offset), fails ? Array(bytes.prefix(bytes.count / 2)) : bytes)
      CrashState.File.apply(taken, to: &state.files[Int(file.id)].visible)
      state.files[Int(file.id)].pending.append(taken)
      if fails { try state.die(.write, 28) }
    }
  }

  package func sync(_ file: DurableFile) throws(DurableFailure) {
    try perform(.sync) { [fault] state throws(DurableFailure) in
      state.syncs += 1
      let index = Int(file.id)
      if state.syncs == state.plan.failSync { try state.failSync(of: index) }
      let name = state.files[index].name
      let isBlob = name.hasPrefix("evidence/") || name.hasPrefix("registry/")
      switch fault {
      case .noFileSync: return
      case .noTileSync where name.contains("tile/"), .noBlobSync where isBlob: return
      case .releaseBeforeSync: state.unsynced.append(index)
      default: state.files[index].flush()
      }
    }
  }

  package func close(_ file: DurableFile) {}

  package func rename(_ name: String, to target: String) throws(DurableFailure) {
    try perform(.rename) { [fault] state throws(DurableFailure) in
      guard let (from, old) = state.place(name), let (to, new) = state.place(target),
        case .file(let index) = state.directories[from].visible.removeValue(forKey: old)
      else { throw DurableFailure(.rename, 2) }
      state.renames += 1
      if fault == .noTailRewrite, new == "wal", case .file(let replaced) = state.directories[to].visible[new],
        state.files[replaced].visible == state.files[index].visible
      {
        // The open handle goes on writing into the old file, un-synced bytes and all.
        state.files.swapAt(replaced, index)
        state.directories[to].visible[new] = .file(index)
        if state.directories[to].durable[new] == .file(replaced) { state.directories[to].durable[new] = .file(index) }
        return
      }
      state.directories[to].visible[new] = .file(index)
    }
  }

  package func remove(_ name: String) throws(DurableFailure) {
    try perform(.remove) { state throws(DurableFailure) in
      if let (parent, leaf) = state.place(name) { state.directories[parent].visible[leaf] = nil }
    }
  }

  package func makeDirectory(_ name: String) throws(DurableFailure) {
    try perform(.makeDirectory) { state throws(DurableFailure) in
      guard state.place(name) != nil else { throw DurableFailure(.makeDirectory, 2) }
      state.makeDirectory(name, isDurable: false)
    }
  }

  package func syncDirectory(_ name: String) throws(DurableFailure) {
    try perform(.syncDirectory) { [fault] state throws(DurableFailure) in
      state.directorySyncs += 1
      if state.directorySyncs == state.plan.failDirectorySync { try state.die(.syncDirectory, 5) }
      if fault == .noDirectorySync || (fault == .noFirstDirectorySync && state.directorySyncs == 1) { return }
      guard let directory = state.directory(name) else { throw DurableFailure(.syncDirectory, 2) }
      state.directories[directory].durable = state.directories[directory].visible
    }
  }

  private func perform<R: Sendable>(
    _ operation: DurableFailure.Operation, _ body: (inout CrashState) throws(DurableFailure) -> R
  ) throws(DurableFailure) -> R {
    try state.withLock { state throws(DurableFailure) in
      try state.step(operation)
      return try body(&state)
    }
  }
}

extension CrashState {
  /// Counts one operation, and ends the process where its plan says so.
  mutating func step(_ operation: DurableFailure.Operation) throws(DurableFailure) {
    guard !isDead else { throw DurableFailure(operation, CrashFS.dead) }
    operations += 1
    if operations == plan.crashAtOperation { try die(operation, CrashFS.dead) }
    if let after = plan.crashAfterRename, renames == after { try die(operation, CrashFS.dead) }
    for index in unsynced { files[index].flush() }
    unsynced = []
  }

  mutating func die(_ operation: DurableFailure.Operation, _ number: Int32) throws(DurableFailure) {
    isDead = true
    throw DurableFailure(operation, number)
  }

  /// Half of the writes reach the disk, the others never will, and all stay visible.
  mutating func failSync(of index: Int) throws(DurableFailure) {
    for write in files[index].pending where random.happens(0.5) {
      File.apply(write, to: &files[index].durable)
    }
    files[index].pending = []
    try die(.sync, 5)
  }
}
