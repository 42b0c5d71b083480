import CPlatform
import Glibc
import Synchronization

/// One directory whose files survive a crash in the order in which they were synced. Names are relative to it, `/` between
/// parts; no name leads through a link or out of it.
///
/// Any thread may read. Writers take turns, which `lock` ensures between processes and the caller within one.
package final class DurableDirectory: Sendable {
  /// Larger files are not read into memory.
  package static let limitBytes = 1 << 30

  private let root: FileDescriptor
  private let lockFile = Mutex<FileDescriptor?>(nil)

  /// - Parameter path: a directory that exists.
  package init(path: String) throws(PlatformError) {
    let number = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system(.openDirectory, errno: errno) }
    root = FileDescriptor(number)
  }

  /// Keeps every other process out, through the file `LOCK`, until this value is gone.
  /// - Throws: `.system(.lockDirectory, EWOULDBLOCK)` when another process, or another value, holds it.
  package func lock() throws(PlatformError) {
    let file = try open(root, "LOCK", O_RDWR | O_CREAT | O_NOFOLLOW, .lockDirectory)
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { throw .system(.lockDirectory, errno: errno) }
    lockFile.withLock { $0 = file }
  }

  /// The whole file, or `nil` when there is none.
  package func read(file name: String) throws(PlatformError) -> [UInt8]? {
    let file: FileDescriptor
    do throws(PlatformError) {
      file = try open(root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, .readFile)
    } catch .system(_, errno: ENOENT) { return nil }
    let size = try file.size()
    guard size <= Self.limitBytes else { throw .tooLong(limitBytes: Self.limitBytes) }
    var bytes = [UInt8](repeating: 0, count: size)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try file.read(at: 0, into: &raw)
    return bytes
  }

  /// A new empty file, mode 0600, open for writing until `close`. An old file of that name loses it.
  /// - Returns: a handle that only this type understands.
  package func create(file name: String) throws(PlatformError) -> Int32 {
    let (parent, leaf) = try parent(of: name)
    try remove(leaf, in: parent)
    let number = unsafe openat(parent.number, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .system(.createFile, errno: errno) }
    return number
  }

  /// Writes all bytes or throws.
  package func write(_ bytes: [UInt8], to handle: Int32, at offset: UInt64) throws(PlatformError) {
    var done = 0
    while done < bytes.count {
      let place = off_t(offset) + off_t(done)
      let count = unsafe bytes[done...].withUnsafeBytes { unsafe pwrite(handle, $0.baseAddress, $0.count, place) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(.writeFile, errno: count < 0 ? errno : ENOSPC) }
      done += count
    }
  }

  /// Returns when the file's bytes and length are on stable storage under a name; a file that somebody removed is not. After a failure the kernel may have dropped the bytes
  /// while it still shows them: nobody calls this twice for the same bytes.
  package func synchronize(_ handle: Int32) throws(PlatformError) {
    guard fdatasync(handle) == 0 else { throw .system(.synchronize, errno: errno) }
    var status = stat()
    guard unsafe fstat(handle, &status) == 0 else { throw .system(.synchronize, errno: errno) }
    guard status.st_nlink > 0 else { throw .system(.synchronize, errno: ENOENT) }
  }

  package func close(_ handle: Int32) { _ = Glibc.close(handle) }

  package func move(_ name: String, to target: String) throws(PlatformError) {
    let (from, old) = try parent(of: name)
    let (to, new) = try parent(of: target)
    guard unsafe renameat(from.number, old, to.number, new) == 0 else { throw .system(.publish, errno: errno) }
  }

  /// Removes a file; that there is none is no error.
  package func remove(file name: String) throws(PlatformError) {
    let (parent, leaf) = try parent(of: name)
    try remove(leaf, in: parent)
  }

  /// Makes a directory, mode 0700, inside an existing one; that it is there is no error.
  package func create(directory name: String) throws(PlatformError) {
    let (parent, leaf) = try parent(of: name)
    guard unsafe mkdirat(parent.number, leaf, 0o700) == 0 || errno == EEXIST else {
      throw .system(.createDirectory, errno: errno)
    }
  }

  /// Returns when the names in that directory ("" for this one) are on stable storage.
  package func synchronize(directory name: String) throws(PlatformError) {
    let directory = name.isEmpty ? root : try open(root, name, O_RDONLY | O_DIRECTORY, .openDirectory)
    guard fsync(directory.number) == 0 else { throw .system(.synchronize, errno: errno) }
  }

  private func remove(_ leaf: String, in parent: FileDescriptor) throws(PlatformError) {
    guard unsafe unlinkat(parent.number, leaf, 0) == 0 || errno == ENOENT else {
      throw .system(.removeFile, errno: errno)
    }
  }

  /// The open directory above a name, and the name in it.
  private func parent(of name: String) throws(PlatformError) -> (FileDescriptor, String) {
    guard let slash = name.lastIndex(of: "/") else { return (root, try Self.checked(name)) }
    let directory = try open(root, String(name[..<slash]), O_RDONLY | O_DIRECTORY, .openDirectory)
    return (directory, try Self.checked(String(name[name.index(after: slash)...])))
  }

  private static func checked(_ leaf: String) throws(PlatformError) -> String {
    guard !leaf.isEmpty, leaf != ".", leaf != "..", !leaf.utf8.contains(0) else {
      throw .system(.openFile, errno: EINVAL)
    }
    return leaf
  }

  private func open(
    _ directory: FileDescriptor, _ name: String, _ flags: Int32, _ step: PlatformError.Step
  ) throws(PlatformError) -> FileDescriptor {
    guard !name.utf8.contains(0) else { throw .system(step, errno: EINVAL) }
    let number = unsafe cplatform_open_beneath(directory.number, name, flags, flags & O_CREAT == 0 ? 0 : 0o600)
    guard number >= 0 else { throw .system(step, errno: -number) }
    return FileDescriptor(number)
  }
}
