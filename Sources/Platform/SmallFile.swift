import Glibc

/// Whole files named by the operator or by the kernel.
package enum SmallFile {
  /// Reads until the end, so that it also serves kernel files whose size is not known before.
  package static func read(
    _ path: String, limitBytes: Int, step: PlatformError.Step = .readFile
  ) throws(PlatformError) -> [UInt8] {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system(step, errno: errno) }
    return try read(FileDescriptor(number), limitBytes: limitBytes, step: step)
  }

  static func read(
    _ file: FileDescriptor, limitBytes: Int, step: PlatformError.Step
  ) throws(PlatformError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    // The buffer may have held a secret.
    defer { for index in buffer.indices { buffer[index] = 0 } }
    while true {
      let count = unsafe Glibc.read(file.number, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(step, errno: errno) }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limitBytes else { throw .tooLong(limitBytes: limitBytes) }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  /// Writes to a file that exists, such as a container's termination log, or makes it with mode 0600.
  package static func overwrite(_ path: String, _ bytes: [UInt8]) throws(PlatformError) {
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw .system(.writeFile, errno: errno) }
    try FileDescriptor(number).append(bytes)
  }

  /// Makes a private file that must be new and is durable on return.
  package static func create(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(PlatformError) {
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard number >= 0 else {
      throw errno == EEXIST ? .alreadyExists(.createFile) : .system(.createFile, errno: errno)
    }
    let file = FileDescriptor(number)
    try file.append(bytes)
    guard fsync(file.number) == 0 else { throw .system(.writeFile, errno: errno) }
  }
}

extension FileDescriptor {
  func append(_ bytes: [UInt8]) throws(PlatformError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(.writeFile, errno: errno) }
      done += count
    }
  }
}
