import CPlatform
import Glibc

/// A directory and what lies below it. Every name is resolved below it and through no symbolic link, whoever else writes
/// there; files are made new and private.
package struct FileTree: Sendable {
  let descriptor: FileDescriptor
  package let path: String

  init(_ descriptor: FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Opens a directory by a path that the operator gave.
  package static func open(_ path: String) throws(PlatformError) -> FileTree {
    let number = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system(.openDirectory, errno: errno) }
    return FileTree(FileDescriptor(number), path: path)
  }

  package func subtree(_ name: String) throws(PlatformError) -> FileTree {
    let number = try check(
      unsafe cplatform_open_beneath(descriptor.number, name, O_RDONLY | O_DIRECTORY, 0), .openDirectory)
    return FileTree(FileDescriptor(number), path: "\(path)/\(name)")
  }

  package func openFile(_ name: String) throws(PlatformError) -> RegularFile {
    let number = try check(unsafe cplatform_open_beneath(descriptor.number, name, O_RDONLY | O_NONBLOCK, 0), .openFile)
    return try RegularFile(FileDescriptor(number))
  }

  /// The whole of a small file.
  package func readFile(_ name: String, limitBytes: Int) throws(PlatformError) -> [UInt8] {
    let file = try openFile(name)
    guard file.byteCount <= limitBytes else { throw .tooLong(limitBytes: limitBytes) }
    var bytes = [UInt8](repeating: 0, count: file.byteCount)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    try file.read(at: 0, into: &span)
    return bytes
  }

  /// Makes a new file (mode 0600) of a fixed size, and the directories (0700) it stands in.
  package func createFile(_ name: String, byteCount: Int) throws(PlatformError) -> RegularFile {
    try createDirectories(above: name)
    let flags = O_RDWR | O_CREAT | O_EXCL
    let number = unsafe cplatform_open_beneath(descriptor.number, name, flags, 0o600)
    guard number != -EEXIST else { throw .alreadyExists(.createFile) }
    return try RegularFile(FileDescriptor(try check(number, .createFile)), byteCount: byteCount)
  }

  private func createDirectories(above name: String) throws(PlatformError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    var parent = self
    for part in parts {
      let made = unsafe mkdirat(parent.descriptor.number, String(part), 0o700)
      guard made == 0 || errno == EEXIST else { throw .system(.createDirectory, errno: errno) }
      parent = try parent.subtree(String(part))
    }
  }

  /// Makes a new directory of mode 0700.
  package func createDirectory(_ name: String) throws(PlatformError) -> FileTree {
    guard unsafe mkdirat(descriptor.number, name, 0o700) == 0 else {
      throw errno == EEXIST ? .alreadyExists(.createDirectory) : .system(.createDirectory, errno: errno)
    }
    return try subtree(name)
  }

  /// Whether anything of that name is there, a dangling link included.
  package func contains(_ name: String) -> Bool {
    var status = stat()
    return unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// Renames the directory `old` to `new`, one name each; an empty directory of that name gives way.
  package func renameDirectory(_ old: String, to new: String) throws(PlatformError) {
    guard unsafe renameat(descriptor.number, old, descriptor.number, new) == 0 else {
      let isTaken = [ENOTEMPTY, EEXIST, ENOTDIR].contains(errno)
      throw isTaken ? .alreadyExists(.publish) : .system(.publish, errno: errno)
    }
  }

  /// Renames `old` to `new`, one name each, and replaces nothing.
  package func rename(_ old: String, to new: String) throws(PlatformError) {
    let result = unsafe cplatform_rename_new(descriptor.number, old, new)
    guard result != -EEXIST else { throw .alreadyExists(.publish) }
    try check(result, .publish)
  }
}
