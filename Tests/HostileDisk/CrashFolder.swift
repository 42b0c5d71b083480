import Synchronization
package import TransparencyLog

/// One directory of a `CrashFS`, which is there and durable from the beginning, as a disk of its own.
package struct CrashFolder: DurableIO {
  private let disk: CrashFS
  private let folder: String

  package init(_ disk: CrashFS, _ folder: String) {
    self.disk = disk
    self.folder = folder
    disk.state.withLock { $0.makeDirectory(folder, isDurable: true) }
  }

  private func path(_ name: String) -> String { name.isEmpty ? folder : "\(folder)/\(name)" }

  package func read(_ name: String) throws(DurableFailure) -> [UInt8]? { try disk.read(path(name)) }
  package func create(_ name: String) throws(DurableFailure) -> DurableFile { try disk.create(path(name)) }
  package func write(_ bytes: [UInt8], to file: DurableFile, at offset: UInt64) throws(DurableFailure) {
    try disk.write(bytes, to: file, at: offset)
  }
  package func sync(_ file: DurableFile) throws(DurableFailure) { try disk.sync(file) }
  package func close(_ file: DurableFile) { disk.close(file) }
  package func rename(_ name: String, to target: String) throws(DurableFailure) {
    try disk.rename(path(name), to: path(target))
  }
  package func remove(_ name: String) throws(DurableFailure) { try disk.remove(path(name)) }
  package func makeDirectory(_ name: String) throws(DurableFailure) { try disk.makeDirectory(path(name)) }
  package func syncDirectory(_ name: String) throws(DurableFailure) { try disk.syncDirectory(path(name)) }
}
