import Platform
import Terminal

/// A folder of this program's own whose files are replaced whole and durably.
struct AuditFolder: Sendable {
  let path: String
  private let directory: DurableDirectory

  /// - Parameter creating: makes the folder, mode 0700, when it is not there.
  init(_ path: String, creating: Bool) throws(Failure) {
    self.path = path
    do throws(PlatformError) {
      if creating, !SmallFile.exists(path) { try SmallFile.makeFolder(path, mode: 0o700) }
      directory = try DurableDirectory(path: path)
    } catch { throw Failure(.usage, "\(path): \(error)") }
  }

  /// Keeps every other process out until this one ends.
  func lock() throws(Failure) {
    do throws(PlatformError) { try directory.lock() } catch {
      throw Failure(.usage, "\(path) is in use by another process")
    }
  }

  func read(_ name: String) throws(PlatformError) -> [UInt8]? { try directory.read(file: name) }

  /// Returns when the file is durable under its name; after a crash there is the old file or the new one, whole.
  func place(_ bytes: [UInt8], at name: String) throws(PlatformError) {
    let parents = try makeFolders(above: name)
    let file = try directory.create(file: "\(name).tmp")
    defer { directory.close(file) }
    try directory.write(bytes, to: file, at: 0)
    try directory.synchronize(file)
    try directory.move("\(name).tmp", to: name)
    try directory.synchronize(directory: parents.last ?? "")
  }

  func remove(_ name: String) throws(PlatformError) { try directory.remove(file: name) }

  /// Makes what is missing of the folders that the name lies in, outermost first.
  private func makeFolders(above name: String) throws(PlatformError) -> [String] {
    var folders: [String] = []
    for part in name.split(separator: "/").dropLast() {
      let folder = (folders.last.map { "\($0)/" } ?? "") + part
      if !SmallFile.exists("\(path)/\(folder)") {
        try directory.create(directory: folder)
        try directory.synchronize(directory: folders.last ?? "")
      }
      folders.append(folder)
    }
    return folders
  }
}
