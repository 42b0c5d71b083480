import Glibc
package import Platform
import Synchronization

/// A small HTTP server on 127.0.0.1 that can misbehave in every way that a vendor's server has. For tests alone.
package final class VendorServer: Sendable {
  package let port: UInt16
  private let listener: Int32
  private let answer: @Sendable (String, [UInt8]) -> VendorReply
  private let asked = Mutex<[String]>([])
  private let stopping = Mutex(false)

  /// - Parameters:
  ///   - port: 0 picks one.
  ///   - answer: by path and query, and what was posted.
  package init(port: UInt16 = 0, answer: @escaping @Sendable (String, [UInt8]) -> VendorReply) throws(PlatformError) {
    self.answer = answer
    let number = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw .system(.socket, errno: errno) }
    listener = number
    var one: Int32 = 1
    unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let isBound = unsafe bind(number, address, size) == 0 && listen(number, 64) == 0
        return unsafe isBound && getsockname(number, address, &size) == 0
      }
    }
    self.port = UInt16(bigEndian: address.sin_port)
    guard bound else {
      Glibc.close(number)
      throw .system(.socket, errno: errno)
    }
  }

  package var url: String { "http://127.0.0.1:\(port)" }
  /// The paths that were asked for, in order.
  package var paths: [String] { asked.withLock { $0 } }

  package func start() throws(PlatformError) {
    try OwnThread.start { [self] in
      while true {
        let connection = Glibc.accept(listener, nil, nil)
        if connection < 0 && (errno == EINTR || errno == ECONNABORTED) { continue }
        guard connection >= 0 else {
          Glibc.close(listener)
          return
        }
        let started: Void? = try? OwnThread.start { [self] in serve(connection) }
        if started == nil { Glibc.close(connection) }
      }
    }
  }

  package func stop() {
    stopping.withLock { $0 = true }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private var isStopping: Bool { stopping.withLock { $0 } }

  private func serve(_ connection: Int32) {
    defer { Glibc.close(connection) }
    guard let (path, body) = Self.request(Self.readMessage(connection)) else { return }
    asked.withLock { $0.append(path) }
    let reply = answer(path, body)
    switch reply.manner {
    case .whole, .short: Self.send(connection, reply.head + reply.body)
    case .noise: Self.send(connection, Array("SSH-2.0-simulated\r\n\r\n".utf8))
    case .silent: waitForPeer(connection, .seconds(60))
    case .slow(let pause):
      for byte in reply.head + reply.body where !isStopping {
        guard Self.send(connection, [byte]) else { return }
        waitForPeer(connection, pause)
      }
    case .reset:
      Self.send(connection, reply.head + reply.body.prefix(reply.body.count / 2))
      waitForPeer(connection, .milliseconds(50))
      var now = linger(l_onoff: 1, l_linger: 0)
      unsafe setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
  }

  /// Until the peer goes away, we stop, or the time is over.
  private func waitForPeer(_ connection: Int32, _ time: Duration) {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end, !isStopping {
      var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&entry, 1, 20) == 0 else { return }
    }
  }

  /// Head and body, as far as the head announces one.
  private static func readMessage(_ connection: Int32) -> [UInt8] {
    var message: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while message.count < 1 << 16 {
      if let end = message.firstRange(of: headEnd)?.upperBound, message.count >= end + bodyCount(message[..<end]) {
        return message
      }
      let count = unsafe recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return [] }
      message += buffer[..<count]
    }
    return []
  }

  private static let headEnd: [UInt8] = [13, 10, 13, 10]

  private static func bodyCount(_ head: ArraySlice<UInt8>) -> Int {
    let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
    return lines.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
  }

  private static func request(_ message: [UInt8]) -> (path: String, body: [UInt8])? {
    let words = message.prefix { $0 != 13 }.split(separator: 0x20)
    guard words.count == 3, ["GET", "POST"].contains(String(decoding: words[0], as: UTF8.self)),
      let end = message.firstRange(of: headEnd)?.upperBound
    else { return nil }
    return (String(decoding: words[1], as: UTF8.self), Array(message[end...]))
  }

  @discardableResult
  private static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes {
        unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}
