package import Collateral
package import Platform

/// A folder of artefacts that this process alone writes, and that survives a crash: one file for each key, whole. Files
/// that others put there are left alone.
package struct CollateralStore: Sendable {
  package let folder: CollateralFolder
  private let directory: DurableDirectory
  /// Holds the lock for as long as this value, or a copy of it, lives.
  private let locked: DurableDirectory
  private var origins: CollateralOrigins

  /// Opens the folder, makes it when it is not there, and keeps every other writer out.
  /// - Throws: `.system(.lockDirectory, EWOULDBLOCK)` while another process writes there.
  package init(path: String) throws(PlatformError) {
    try SmallFile.makeFolder(path, mode: 0o755)
    directory = try DurableDirectory(path: path)
    try directory.create(directory: CollateralOrigins.folderName)
    locked = try DurableDirectory(path: "\(path)/\(CollateralOrigins.folderName)")
    try locked.lock()
    folder = try CollateralFolder(path: path)
    origins = CollateralOrigins(parsing: try directory.read(file: CollateralOrigins.fileName) ?? [])
  }

  /// Durable on return; after a crash either the old or the new file is there, whole.
  package mutating func save(_ record: CollateralRecord) throws(PlatformError) {
    try replace(record.key.fileName, record.body)
    origins[record.key] = CollateralOrigins.Origin(record)
    try replace(CollateralOrigins.fileName, origins.bytes)
  }

  private func replace(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let temporary = "\(CollateralOrigins.folderName)/new"
    try write(temporary, bytes)
    try directory.move(temporary, to: name)
    try directory.synchronize(directory: "")
    try directory.synchronize(directory: CollateralOrigins.folderName)
  }

  private func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let handle = try directory.create(file: name)
    defer { directory.close(handle) }
    try directory.write(bytes, to: handle, at: 0)
    try directory.synchronize(handle)
  }
}
