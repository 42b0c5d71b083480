import Glibc

/// The kernel's report directory (configfs-tsm) as four operations, so that its behaviour can be stood in for.
///
/// An implementer owes: names are `directory` or `directory/attribute`; a write reaches the kernel before `write`
/// returns; an absent attribute reads as `nil`, every other failure throws with the kernel's number.
package protocol TSMFileSystem: Sendable {
  func makeDirectory(_ name: String) throws(PlatformError)
  func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError)
  func read(_ name: String) throws(PlatformError) -> [UInt8]?
  func removeDirectory(_ name: String) throws(PlatformError)
}

/// The kernel's own. Spec: Linux Documentation/ABI/testing/configfs-tsm-report.
package struct ConfigFSReports: TSMFileSystem {
  package static let kernelPath = "/sys/kernel/config/tsm/report"
  private static let limitBytes = 1 << 20
  private let base: String

  package init(base: String = kernelPath) { self.base = base }

  package func makeDirectory(_ name: String) throws(PlatformError) {
    guard unsafe mkdir("\(base)/\(name)", 0o700) == 0 else {
      throw errno == ENOENT ? .noGuestDevice : .system(.createReport, errno: errno)
    }
  }

  package func write(_ name: String, _ bytes: [UInt8]) throws(PlatformError) {
    let number = unsafe open("\(base)/\(name)", O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    guard number >= 0 else { throw .system(.writeReport, errno: errno) }
    // One write: the kernel takes each as a whole value. It may refuse at close, too.
    let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
    let failed = errno
    let closed = close(number)
    guard written == bytes.count else { throw .system(.writeReport, errno: written < 0 ? failed : EIO) }
    guard closed == 0 else { throw .system(.writeReport, errno: errno) }
  }

  package func read(_ name: String) throws(PlatformError) -> [UInt8]? {
    do {
      return try SmallFile.read("\(base)/\(name)", limitBytes: Self.limitBytes, step: .readReport)
    } catch .system(.readReport, errno: ENOENT) {
      return nil
    }
  }

  package func removeDirectory(_ name: String) throws(PlatformError) {
    guard unsafe rmdir("\(base)/\(name)") == 0 else { throw .system(.removeReport, errno: errno) }
  }
}
