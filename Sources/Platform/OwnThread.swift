import Glibc

/// Threads of our own, for work that blocks: the language's pool is only as wide as the machine.
package enum OwnThread {
  /// Starts a thread that nobody waits for.
  package static func start(_ body: @escaping @Sendable () -> Void) throws(PlatformError) {
    let box = Box(body)
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(box).toOpaque()
    let result = unsafe pthread_create(&thread, nil, { unsafe Box.run($0) }, argument)
    guard result == 0 else {
      unsafe Unmanaged<Box>.fromOpaque(argument).release()
      throw .system(.startThread, errno: result)
    }
    pthread_detach(thread)
  }

  /// Runs blocking work on a thread of its own and waits for it without holding one of the pool's.
  package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try start { continuation.resume(with: Result { try body() }) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      guard let argument = unsafe argument else { return nil }
      unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }
  }
}
