import Telemetry
package import TransparencyLog

/// A disk that counts what it is asked for.
package final class CountedDisk: DurableIO {
  package struct Counts: Equatable, Sendable {
    package var reads = 0
    package var bytesRead = 0
    package var writes = 0
    package var bytesWritten = 0
    package var syncs = 0

    package init() {}

    /// Of each the greater.
    package func joined(_ other: Counts) -> Counts {
      var most = Counts()
      most.reads = max(reads, other.reads)
      most.bytesRead = max(bytesRead, other.bytesRead)
      most.writes = max(writes, other.writes)
      most.bytesWritten = max(bytesWritten, other.bytesWritten)
      most.syncs = max(syncs, other.syncs)
      return most
    }
  }

  private let disk: any DurableIO
  private let stored = Locked(Counts())

  package init(_ disk: any DurableIO) { self.disk = disk }

  /// What was asked for since the last call.
  package func taken() -> Counts {
    stored.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }

  package func read(_ name: String) throws(DurableFailure) -> [UInt8]? {
    let bytes = try disk.read(name)
    stored.withLock {
      $0.reads += 1
      $0.bytesRead += bytes?.count ?? 0
    }
    return bytes
  }

  package func create(_ name: String) throws(DurableFailure) -> DurableFile { try disk.create(name) }

  package func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try disk.write(bytes, to: file, at: offset)
    stored.withLock {
      $0.writes += 1
      $0.bytesWritten += bytes.count
    }
  }

  package func sync(_ file: DurableFile) throws(DurableFailure) {
    try disk.sync(file)
    stored.withLock { $0.syncs += 1 }
  }

  package func close(_ file: DurableFile) { disk.close(file) }
  package func rename(_ name: String, to target: String) throws(DurableFailure) { try disk.rename(name, to: target) }
  package func remove(_ name: String) throws(DurableFailure) { try disk.remove(name) }
  package func makeDirectory(_ name: String) throws(DurableFailure) { try disk.makeDirectory(name) }

  package func syncDirectory(_ name: String) throws(DurableFailure) {
    try disk.syncDirectory(name)
    stored.withLock { $0.syncs += 1 }
  }
}
