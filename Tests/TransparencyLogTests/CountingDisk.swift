import HostileDisk
import Synchronization
import TransparencyLog

/// A disk that counts what it is asked for.
final class CountingDisk: DurableIO {
  struct Counts: Equatable, Sendable {
    var reads = 0
    var bytesRead = 0
    var writes = 0
    var bytesWritten = 0
    var syncs = 0
  }

  private let disk = CrashFS()
  private let stored = Mutex(Counts())

  /// What was asked for since the last call.
  func taken() -> Counts {
    stored.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }

  func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    let bytes = try disk.read(name)
    stored.withLock {
      $0.reads += 1; $0.bytesRead += bytes?.count ?? 0
    }
    return bytes
  }

  func create(_ name: String) throws(DurableFailure) -> DurableFile { try disk.create(name) }

  func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try disk.write(bytes, to: file, at: offset)
    stored.withLock {
      $0.writes += 1; $0.bytesWritten += bytes.count
    }
  }

  func sync(_ file: DurableFile) throws(DurableFailure) {
    try disk.sync(file)
    stored.withLock { $0.syncs += 1 }
  }

  func close(_ file: DurableFile) { disk.close(file) }
  func rename(_ name: String, to target: String) throws(DurableFailure) { try disk.rename(name, to: target) }
  func remove(_ name: String) throws(DurableFailure) { try disk.remove(name) }
  func makeDirectory(_ name: String) throws(DurableFailure) { try disk.makeDirectory(name) }

  func syncDirectory(_ name: String) throws(DurableFailure) {
    try disk.syncDirectory(name)
    stored.withLock { $0.syncs += 1 }
  }
}
