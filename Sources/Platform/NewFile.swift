import Glibc

/// A file that is being written under another name and gets its own only when it is whole: nobody sees part of it, and none
/// that was there is replaced.
package final class NewFile: Sendable {
  private let path: String
  private let temporary: String
  private let file: FileDescriptor

  /// - Throws: `.alreadyExists`.
  package init(_ path: String, mode: UInt32 = 0o600) throws(PlatformError) {
    guard !SmallFile.exists(path) else { throw .alreadyExists(.createFile) }
    self.path = path
    temporary = "\(path).tmp.\(getpid())"
    let number = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard number >= 0 else { throw .system(.createFile, errno: errno) }
    file = FileDescriptor(number)
  }

  deinit { unsafe unlink(temporary) }

  package func append(_ bytes: [UInt8]) throws(PlatformError) { try file.append(bytes) }

  /// Returns when the file is durable under its name.
  package func publish() throws(PlatformError) {
    guard fsync(file.number) == 0 else { throw .system(.writeFile, errno: errno) }
    guard unsafe link(temporary, path) == 0 else {
      throw errno == EEXIST ? .alreadyExists(.createFile) : .system(.publish, errno: errno)
    }
    try SmallFile.synchronize(folder: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
  }
}
