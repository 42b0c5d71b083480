import CPlatform
import Glibc

/// One open descriptor, closed when the last owner lets go.
final class FileDescriptor: Sendable {
  let number: Int32

  /// - Parameter number: a descriptor nobody else closes.
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// Fills the buffer from `offset` on.
  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(PlatformError) {
    let descriptor = number
    let failure: PlatformError? = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return nil }
      var done = 0
      while done < bytes.count {
        let count = unsafe pread(descriptor, start + done, bytes.count - done, off_t(offset + done))
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return .system(.readFile, errno: errno) }
        if count == 0 { return .endsTooEarly }
        done += count
      }
      return nil
    }
    if let failure { throw failure }
  }

  func write(_ span: RawSpan, at offset: Int) throws(PlatformError) {
    let descriptor = number
    let failure: PlatformError? = unsafe span.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return nil }
      var done = 0
      while done < bytes.count {
        let count = unsafe pwrite(descriptor, start + done, bytes.count - done, off_t(offset + done))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return .system(.writeFile, errno: count < 0 ? errno : ENOSPC) }
        done += count
      }
      return nil
    }
    if let failure { throw failure }
  }

  func size() throws(PlatformError) -> Int {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw .system(.openFile, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .system(.openFile, errno: EINVAL) }
    return Int(status.st_size)
  }

  /// The file system that it is in.
  func volume() throws(PlatformError) -> cplatform_volume {
    var volume = cplatform_volume()
    try check(unsafe cplatform_describe_volume(number, &volume), .describeVolume)
    return volume
  }

  /// Whether that is tmpfs.
  func isInMemory() throws(PlatformError) -> Bool { try volume().kind == UInt64(CPLATFORM_TMPFS) }

  /// What the file system calls a good size; tmpfs names the size of a huge page for files that it keeps in them.
  func blockSize() throws(PlatformError) -> Int {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw .system(.openFile, errno: errno) }
    return Int(status.st_blksize)
  }
}
