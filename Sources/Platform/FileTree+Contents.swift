import Glibc

/// One name in a directory.
package struct DirectoryEntry: Equatable, Sendable {
  package enum Kind: Sendable { case file, directory, other }
  package let name: String
  package let kind: Kind
}

extension FileTree {
  /// The names in this directory, sorted, without `.` and `..`; a name that is not UTF-8 is refused.
  package func entries() throws(PlatformError) -> [DirectoryEntry] {
    let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, let stream = unsafe fdopendir(copy) else { throw .system(.listDirectory, errno: errno) }
    defer { unsafe closedir(stream) }
    unsafe rewinddir(stream)
    var found: [DirectoryEntry] = []
    while let entry = unsafe readdir(stream) {
      let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in unsafe Array(raw.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw .system(.listDirectory, errno: EILSEQ)
      }
      if name != "." && name != ".." { found.append(DirectoryEntry(name: name, kind: kind(of: name))) }
    }
    return found.sorted { $0.name < $1.name }
  }

  private func kind(of name: String) -> DirectoryEntry.Kind {
    var status = stat()
    guard unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  /// Gives every file below `mode.file` and every directory below, and this one, `mode.directory`.
  package func protect(files: UInt32, directories: UInt32) throws(PlatformError) {
    for entry in try entries() {
      switch entry.kind {
      case .directory: try subtree(entry.name).protect(files: files, directories: directories)
      case .file:
        let number = unsafe openat(descriptor.number, entry.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { throw .system(.changeMode, errno: errno) }
        let file = FileDescriptor(number)
        guard fchmod(file.number, files) == 0 else { throw .system(.changeMode, errno: errno) }
      case .other: throw .system(.changeMode, errno: EINVAL)
      }
    }
    guard fchmod(descriptor.number, directories) == 0 else { throw .system(.changeMode, errno: errno) }
  }

  /// Removes the directory `name` and all below it; nothing there is no error. The blocks of every file go back at once,
  /// also of those that another process still has open.
  package func remove(_ name: String) throws(PlatformError) {
    guard contains(name) else { return }
    let tree = try subtree(name)
    fchmod(tree.descriptor.number, 0o700)
    for entry in try tree.entries() {
      if entry.kind == .directory {
        try tree.remove(entry.name)
      } else {
        try tree.removeFile(entry.name, isRegular: entry.kind == .file)
      }
    }
    guard unsafe unlinkat(descriptor.number, name, AT_REMOVEDIR) == 0 else {
      throw .system(.removeFile, errno: errno)
    }
  }

  /// Removes a regular file of this directory.
  package func removeFile(_ name: String) throws(PlatformError) { try removeFile(name, isRegular: true) }

  private func removeFile(_ name: String, isRegular: Bool) throws(PlatformError) {
    if isRegular {
      unsafe fchmodat(descriptor.number, name, 0o600, 0)
      let number = unsafe openat(descriptor.number, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
      if number >= 0 { close(number) }
    }
    guard unsafe unlinkat(descriptor.number, name, 0) == 0 else { throw .system(.removeFile, errno: errno) }
  }
}

extension FileTree {
  /// What changes when a file is written anew.
  package struct FileState: Hashable, Sendable {
    package let byteCount: Int64
    let inode: UInt64
    let changedSeconds: Int64
    let changedNanoseconds: Int64
  }

  /// `nil` when there is no file of that name.
  package func fileState(_ name: String) -> FileState? {
    var status = stat()
    guard unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileState(
      byteCount: Int64(status.st_size), inode: UInt64(status.st_ino), changedSeconds: Int64(status.st_mtim.tv_sec),
      changedNanoseconds: Int64(status.st_mtim.tv_nsec))
  }
}
