import Glibc

extension ChildPlan {
  /// Whether a child could be started so, without starting it: the program is a file that this user may execute, and the
  /// directory is one.
  /// - Throws: `.system(.startProcess, …)` or `.system(.openDirectory, …)` with the number that says why not.
  package func checkProgram() throws(PlatformError) {
    if let number = Self.fault(of: path, kind: S_IFREG, other: EACCES) {
      throw .system(.startProcess, errno: number)
    }
    if let directory, let number = Self.fault(of: directory, kind: S_IFDIR, other: ENOTDIR) {
      throw .system(.openDirectory, errno: number)
    }
  }

  private static func fault(of path: String, kind: mode_t, other: Int32) -> Int32? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return errno }
    guard status.st_mode & S_IFMT == kind else { return other }
    return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? nil : errno
  }
}
