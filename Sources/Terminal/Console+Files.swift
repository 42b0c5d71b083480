import Glibc

extension Console {
  /// The bytes of a file, or of standard input for `-`.
  package static func readFile(_ path: String, limit: Int = 64 << 20) throws(Failure) -> [UInt8] {
    let descriptor = unsafe path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(.usage, "cannot read \(path): \(systemMessage())") }
    defer { if descriptor != 0 { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure(.usage, "cannot read \(path): \(systemMessage())") }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else { throw Failure(.malformed, "\(path) is larger than \(limit) bytes") }
    }
  }

  /// Writes a whole file durably: temporary name, sync, then rename (or link, when nothing may be replaced), then a sync
  /// of the folder. `-` is standard output.
  package static func writeFile(
    _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644, replacing: Bool = false
  ) throws(Failure) {
    guard path != "-" else { return outBytes(bytes) }
    let temporary = "\(path).tmp.\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw Failure(.usage, "cannot write \(path): \(systemMessage())") }
    do throws(Failure) {
      defer { close(descriptor) }
      try writeAll(descriptor, bytes, path)
      guard fsync(descriptor) == 0 else { throw Failure(.usage, "cannot write \(path): \(systemMessage())") }
      let moved = unsafe replacing ? rename(temporary, path) : link(temporary, path)
      guard moved == 0 else {
        let exists = errno == EEXIST
        throw Failure(.usage, exists ? "\(path) already exists" : "cannot write \(path): \(systemMessage())")
      }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
    if !replacing { unsafe unlink(temporary) }
    syncFolder(of: path)
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(Failure) {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes[start...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Failure(.usage, "cannot write \(path): \(systemMessage())") }
      start += count
    }
  }

  private static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// The system's words for `errno`.
  package static func systemMessage() -> String { unsafe String(cString: strerror(errno)) }
}
