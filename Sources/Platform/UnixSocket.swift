import Glibc

/// One connection between two processes of this machine. Calls block, each within its own time.
package final class UnixConnection: Sendable {
  private let socket: FileDescriptor

  init(_ socket: FileDescriptor) { self.socket = socket }

  /// Connects to a listener at once or throws.
  package static func connect(path: String) throws(PlatformError) -> UnixConnection {
    let socket = try UnixAddress.socket()
    // A listener whose queue is full would otherwise hold the caller for as long as it likes.
    guard fcntl(socket.number, F_SETFL, O_NONBLOCK) == 0 else { throw .system(.socket, errno: errno) }
    guard unsafe UnixAddress.call(path, { unsafe Glibc.connect(socket.number, $0, $1) }) == 0 else {
      throw .system(.socket, errno: errno)
    }
    return UnixConnection(socket)
  }

  /// The bytes up to the first line feed, which is left out.
  /// - Throws: `.tooLong`, `.endsTooEarly` when the peer closed before a line feed, `.system(.socket, ETIMEDOUT)`.
  package func readLine(limitBytes: Int, within time: Duration) throws(PlatformError) -> [UInt8] {
    let deadline = ContinuousClock.now + time
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      try wait(for: Int16(POLLIN), until: deadline)
      let count = unsafe recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count >= 0 else { throw .system(.socket, errno: errno) }
      guard count > 0 else { throw .endsTooEarly }
      if let end = buffer[..<count].firstIndex(of: 0x0A) {
        guard line.count + end <= limitBytes else { throw .tooLong(limitBytes: limitBytes) }
        return line + buffer[..<end]
      }
      guard line.count + count <= limitBytes else { throw .tooLong(limitBytes: limitBytes) }
      line += buffer[..<count]
    }
  }

  package func write(_ bytes: [UInt8], within time: Duration) throws(PlatformError) {
    let deadline = ContinuousClock.now + time
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    var done = 0
    while done < bytes.count {
      try wait(for: Int16(POLLOUT), until: deadline)
      let count = unsafe bytes[done...].withUnsafeBytes { unsafe send(socket.number, $0.baseAddress, $0.count, flags) }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { throw .system(.socket, errno: errno) }
      done += count
    }
  }

  private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws(PlatformError) {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { throw .system(.socket, errno: ETIMEDOUT) }
      let milliseconds = min(left.components.seconds, 3600) * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      var entry = pollfd(fd: socket.number, events: events, revents: 0)
      let count = unsafe poll(&entry, 1, Int32(milliseconds) + 1)
      if count > 0 { return }
      guard count == 0 || errno == EINTR else { throw .system(.socket, errno: errno) }
    }
  }
}

/// A socket in the file system that processes of this machine connect to.
package final class UnixListener: Sendable {
  private let socket: FileDescriptor
  private let path: String

  /// Listens at `path`. A socket that nobody listens on any more is replaced.
  ///
  /// - Parameter mode: who may connect; set before the name exists.
  /// - Throws: `.alreadyExists(.socket)` when somebody listens there, or it is no socket.
  package init(path: String, mode: UInt32 = 0o600) throws(PlatformError) {
    self.path = path
    socket = try UnixAddress.socket()
    guard fchmod(socket.number, mode) == 0 else { throw .system(.socket, errno: errno) }
    try Self.removeLeftover(path)
    guard unsafe UnixAddress.call(path, { unsafe bind(socket.number, $0, $1) }) == 0 else {
      throw errno == EADDRINUSE ? .alreadyExists(.socket) : .system(.socket, errno: errno)
    }
    guard unsafe chmod(path, mode) == 0, listen(socket.number, 64) == 0 else {
      throw .system(.socket, errno: errno)
    }
  }

  private static func removeLeftover(_ path: String) throws(PlatformError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .alreadyExists(.socket) }
    do throws(PlatformError) {
      _ = try UnixConnection.connect(path: path)
    } catch .system(_, errno: ECONNREFUSED) {
      unsafe unlink(path)
      return
    }
    throw .alreadyExists(.socket)
  }

  /// The next connection; `nil` once `close` was called.
  package func accept() throws(PlatformError) -> UnixConnection? {
    while true {
      let number = Glibc.accept(socket.number, nil, nil)
      if number >= 0 {
        let connection = FileDescriptor(number)
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw .system(.socket, errno: errno) }
        return UnixConnection(connection)
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EINVAL: return nil
      default: throw .system(.socket, errno: errno)
      }
    }
  }

  /// Ends `accept` and takes the name away.
  package func close() {
    unsafe unlink(path)
    shutdown(socket.number, Int32(SHUT_RDWR))
  }
}

/// The address of a socket in the file system.
private enum UnixAddress {
  static func socket() throws(PlatformError) -> FileDescriptor {
    let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw .system(.socket, errno: errno) }
    return FileDescriptor(number)
  }

  /// Calls with the address of a path; -1 and `ENAMETOOLONG` for one that does not fit.
  static func call(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
      errno = bytes.count < capacity ? EINVAL : ENAMETOOLONG
      return -1
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
