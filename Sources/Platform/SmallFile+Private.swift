import Glibc

extension SmallFile {
  /// Reads a file that holds a secret, and refuses one whose secret others may know.
  /// - Throws: `.notPrivate` when its group or others have any right to it, `.foreignOwner` when it belongs to neither this
  ///   user nor root; otherwise as `read`.
  package static func readPrivate(_ path: String, limitBytes: Int) throws(PlatformError) -> [UInt8] {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system(.readFile, errno: errno) }
    let file = FileDescriptor(number)
    var status = stat()
    guard unsafe fstat(file.number, &status) == 0 else { throw .system(.readFile, errno: errno) }
    guard status.st_uid == geteuid() || status.st_uid == 0 else { throw .foreignOwner(uid: status.st_uid) }
    guard status.st_mode & 0o077 == 0 else { throw .notPrivate(mode: status.st_mode & 0o777) }
    return try read(file, limitBytes: limitBytes, step: .readFile)
  }

  /// Replaces a file, or makes it with mode 0600, in one step: a reader and a crash see the old bytes or the new ones.
  package static func replace(_ path: String, _ bytes: [UInt8]) throws(PlatformError) {
    let temporary = "\(path).tmp"
    unsafe unlink(temporary)
    do throws(PlatformError) {
      try create(temporary, bytes)
      guard unsafe rename(temporary, path) == 0 else { throw .system(.publish, errno: errno) }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
    try synchronize(folder: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
  }

  /// Returns when the names in a folder are on stable storage.
  package static func synchronize(folder path: String) throws(PlatformError) {
    let number = unsafe open(path.isEmpty ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system(.openDirectory, errno: errno) }
    let folder = FileDescriptor(number)
    guard withExtendedLifetime(folder, { fsync(folder.number) }) == 0 else {
      throw .system(.synchronize, errno: errno)
    }
  }
}
