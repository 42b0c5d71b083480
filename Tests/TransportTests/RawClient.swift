import Glibc

/// A blocking socket that sends exactly what it is told; for use inside `raw` only.
final class RawClient {
  private let descriptor: Int32

  init(port: Int, patience seconds: Int = 8) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Refused() }
  }

  deinit { close(descriptor) }

  struct Refused: Error {}

  /// False when the peer no longer takes anything.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Leaves as a crashed peer does: with a reset. Nothing may follow.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    // The number stays taken until deinit closes it, so that no other test's descriptor can be closed in its place.
    let replacement = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    dup2(replacement, descriptor)
    close(replacement)
  }

  /// Some bytes; empty at the end of the stream, nil when none came in time or the connection was reset.
  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    return count < 0 ? nil : Array(buffer[..<count])
  }

  /// Everything up to the end of the stream; nil when it does not end in time.
  func receiveAll() -> String? {
    var all: [UInt8] = []
    while let more = receive() {
      if more.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += more
    }
    return nil
  }

  /// One response with a Content-Length; nil when the connection ends or stalls first.
  func receiveResponse() -> String? {
    var all: [UInt8] = []
    while true {
      let text = String(decoding: all, as: UTF8.self)
      if let end = text.range(ofText: "\r\n\r\n"), let length = text.number(after: "Content-Length: ") {
        if text.utf8.distance(from: end.upperBound, to: text.utf8.endIndex) >= length { return text }
      }
      guard let more = receive(), !more.isEmpty else { return nil }
      all += more
    }
  }
}

/// Runs blocking code on a thread of its own: the pool that runs tests and servers' starts has few.
func raw<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let work = Work { continuation.resume(with: Swift.Result(catching: body)) }
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(work).toOpaque()
    let failure = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
        return nil
      }, context)
    precondition(failure == 0, "tests need threads")
    pthread_detach(thread)
  }
}

private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// What the server says to bytes sent at once, up to the end of the connection.
func conversation(_ server: Int, _ bytes: [UInt8]) async throws -> String? {
  try await raw {
    let client = try RawClient(port: server)
    client.send(bytes)
    return client.receiveAll()
  }
}

extension String {
  func range(ofText text: String) -> Range<String.Index>? {
    let hay = Array(utf8)
    let needle = Array(text.utf8)
    guard hay.count >= needle.count else { return nil }
    for start in 0...(hay.count - needle.count) where hay[start..<start + needle.count].elementsEqual(needle) {
      return utf8.index(startIndex, offsetBy: start)..<utf8.index(startIndex, offsetBy: start + needle.count)
    }
    return nil
  }

  func number(after text: String) -> Int? {
    range(ofText: text).flatMap { Int(self[$0.upperBound...].prefix { $0.isNumber }) }
  }

  var status: Int? { number(after: "HTTP/1.1 ") }
  func has(_ text: String) -> Bool { range(ofText: text) != nil }
}
