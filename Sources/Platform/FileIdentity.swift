import Glibc

/// Which file this is and as of when: what differs once anybody has written to it, or put another in its place.
package struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// Device, inode, size, and the times of the last change of content and of state.
  init(_ status: stat) {
    let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
    description = "\(status.st_dev):\(status.st_ino):\(status.st_size):\(times[0]):\(times[1])"
  }
}

extension RegularFile {
  /// As of now.
  package func identity() throws(PlatformError) -> FileIdentity {
    var status = stat()
    guard unsafe fstat(descriptor.number, &status) == 0 else { throw .system(.openFile, errno: errno) }
    return FileIdentity(status)
  }
}

extension FileTree {
  /// Keeps other processes that ask from this directory, as long as this value lives.
  package func lock() throws(PlatformError) {
    guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else { throw .system(.lockDirectory, errno: errno) }
  }
}
