import Synchronization
import TransparencyLog

/// A directory in memory that never fails.
final class MemoryDisk: DurableIO {
  private struct State {
    var names: [String: Int32] = [:]
    var files: [Int32: [UInt8]] = [:]
  }

  private let state = Mutex(State())

  /// A file as if it had been there before.
  func put(_ name: String, _ bytes: [UInt8]) { write(bytes, to: create(name), at: 0) }

  func read(_ name: String) -> [UInt8]? {
    state.withLock { state in state.names[name].flatMap { state.files[$0] } }
  }

  func create(_ name: String) -> DurableFile {
    state.withLock { state in
      let id = Int32(state.files.count)
      state.names[name] = id
      state.files[id] = []
      return DurableFile(id: id)
    }
  }

  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) {
    state.withLock { state in
      var content = state.files[file.id] ?? []
      let end = Int(offset) + bytes.count
      if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
      content.replaceSubrange(Int(offset)..<end, with: bytes)
      state.files[file.id] = content
    }
  }

  func rename(_ name: String, to target: String) {
    state.withLock { state in state.names[target] = state.names.removeValue(forKey: name) }
  }

  func remove(_ name: String) { state.withLock { state in _ = state.names.removeValue(forKey: name) } }
  func sync(_ file: DurableFile) {}
  func close(_ file: DurableFile) {}
  func makeDirectory(_ name: String) {}
  func syncDirectory(_ name: String) {}
}
