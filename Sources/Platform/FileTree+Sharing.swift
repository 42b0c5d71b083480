import Glibc

extension FileTree {
  /// Lets a group read this directory and all below it, and write nothing; the owner stays who it is.
  /// - Precondition: what lies here was made by us alone.
  package func share(with group: UInt32) throws(PlatformError) {
    for entry in try entries() {
      switch entry.kind {
      case .directory: try subtree(entry.name).share(with: group)
      case .file:
        let number = unsafe openat(descriptor.number, entry.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { throw .system(.changeMode, errno: errno) }
        try FileDescriptor(number).share(with: group, mode: 0o440)
      case .other: throw .system(.changeMode, errno: EINVAL)
      }
    }
    try descriptor.share(with: group, mode: 0o550)
  }

  /// Makes this directory another user's, for that user and our group to write to.
  package func give(to user: UInt32) throws(PlatformError) {
    guard fchown(descriptor.number, user, getegid()) == 0, fchmod(descriptor.number, 0o2770) == 0 else {
      throw .system(.changeMode, errno: errno)
    }
  }

  /// - Throws: `.notTmpfs` when what is written here could reach a disk.
  package func requireMemory() throws(PlatformError) { try TmpfsVolume.requireTmpfs(self) }
}

extension FileDescriptor {
  fileprivate func share(with group: UInt32, mode: mode_t) throws(PlatformError) {
    guard fchown(number, uid_t.max, group) == 0, fchmod(number, mode) == 0 else {
      throw .system(.changeMode, errno: errno)
    }
  }
}
