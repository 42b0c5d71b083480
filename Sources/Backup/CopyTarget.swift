import Platform

/// A folder that is filled with new files, all of them durable once `finish` returned.
struct CopyTarget {
  private let folder: DurableDirectory
  private let path: String
  private var made: Set<String> = [""]

  /// - Throws: `.exists`, `.platform`.
  init(new path: String) throws(BackupError) {
    guard !SmallFile.exists(path) else { throw .exists(path) }
    do throws(PlatformError) {
      try SmallFile.makeFolder(path, mode: 0o700)
      folder = try DurableDirectory(path: path)
    } catch { throw .platform(path, error) }
    self.path = path
  }

  /// A private file with its missing folders.
  mutating func write(_ bytes: [UInt8], to name: String) throws(BackupError) {
    do throws(PlatformError) {
      try makeFolders(above: name)
      let handle = try folder.create(file: name)
      defer { folder.close(handle) }
      try folder.write(bytes, to: handle, at: 0)
      try folder.synchronize(handle)
    } catch { throw .platform("\(path)/\(name)", error) }
  }

  private mutating func makeFolders(above name: String) throws(PlatformError) {
    var above = ""
    for part in name.split(separator: "/").dropLast() {
      above += above.isEmpty ? String(part) : "/\(part)"
      guard made.insert(above).inserted else { continue }
      try folder.create(directory: above)
    }
  }

  /// Makes every name durable.
  func finish() throws(BackupError) {
    do throws(PlatformError) {
      for name in made { try folder.synchronize(directory: name) }
    } catch { throw .platform(path, error) }
  }
}
