import Glibc
import Telemetry
import TransparencyLog

/// A disk in memory: what was written stays, unless it is told to fail.
final class MemoryIO: DurableIO {
  private struct State {
    var files: [String: [UInt8]] = [:]
    var open: [Int32: String] = [:]
    var next: Int32 = 1
    var isFailing = false
  }

  private let state = Locked(State())

  /// From now on every write and sync fails.
  func fail() { state.withLock { $0.isFailing = true } }
  func repair() { state.withLock { $0.isFailing = false } }
  func replace(_ name: String, with bytes: [UInt8]) { state.withLock { $0.files[name] = bytes } }
  var names: [String] { state.withLock { $0.files.keys.sorted() } }

  func read(_ name: String) throws(DurableFailure) -> [UInt8]? { state.withLock { $0.files[name] } }

  func create(_ name: String) throws(DurableFailure) -> DurableFile {
    try change(.create) { state in
      defer { state.next += 1 }
      state.files[name] = []
      state.open[state.next] = name
      return DurableFile(id: state.next)
    }
  }

  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try change(.write) { state in
      let name = state.open[file.id] ?? ""
      var content = state.files[name] ?? []
      let end = Int(offset) + bytes.count
      if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
      content.replaceSubrange(Int(offset)..<end, with: bytes)
      state.files[name] = content
    }
  }

  func sync(_ file: DurableFile) throws(DurableFailure) { try change(.sync) { _ in } }
  func close(_ file: DurableFile) { state.withLock { $0.open[file.id] = nil } }

  func rename(_ name: String, to target: String) throws(DurableFailure) {
    try change(.rename) { state in
      state.files[target] = state.files.removeValue(forKey: name)
      for (id, open) in state.open where open == name { state.open[id] = target }
    }
  }

  func remove(_ name: String) throws(DurableFailure) { try change(.remove) { $0.files[name] = nil } }
  func makeDirectory(_ name: String) throws(DurableFailure) {}
  func syncDirectory(_ name: String) throws(DurableFailure) { try change(.syncDirectory) { _ in } }

  private func change<R>(
    _ operation: DurableFailure.Operation, _ body: (inout State) -> R
  ) throws(DurableFailure) -> R {
    try state.withLock { state throws(DurableFailure) in
      guard !state.isFailing else { throw DurableFailure(operation, EIO) }
      return body(&state)
    }
  }
}
