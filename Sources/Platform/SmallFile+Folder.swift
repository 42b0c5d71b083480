import Glibc

extension SmallFile {
  package static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Makes a folder with its missing parents; one that is there is left as it is.
  package static func makeFolder(_ path: String, mode: UInt32) throws(PlatformError) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex, !exists(String(path[..<slash])) {
      try makeFolder(String(path[..<slash]), mode: mode)
    }
    guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else { throw .system(.createFile, errno: errno) }
  }
}
