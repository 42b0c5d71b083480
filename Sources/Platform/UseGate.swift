import Glibc

/// Lets many in until it is closed, and closes when the last is out: what they use may then go away.
///
/// Unchecked: the fields are reached only under the lock; safe: lock and condition live as long as the object.
@safe package final class UseGate: @unchecked Sendable {
  private var inside = 0
  private var isClosed = false
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let emptied: UnsafeMutablePointer<pthread_cond_t>

  package init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe emptied = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe emptied.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(emptied, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(emptied)
    unsafe pthread_mutex_destroy(mutex)
    unsafe emptied.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` inside; `nil` when the gate is closed.
  package func enter<Value>(_ body: () throws -> Value) rethrows -> Value? {
    guard passIn() else { return nil }
    defer { passOut() }
    return try body()
  }

  /// Lets nobody in any more and waits until all are out.
  package func close() {
    unsafe pthread_mutex_lock(mutex)
    isClosed = true
    while inside > 0 { unsafe pthread_cond_wait(emptied, mutex) }
    unsafe pthread_mutex_unlock(mutex)
  }

  private func passIn() -> Bool {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    guard !isClosed else { return false }
    inside += 1
    return true
  }

  private func passOut() {
    unsafe pthread_mutex_lock(mutex)
    inside -= 1
    if inside == 0 { unsafe pthread_cond_broadcast(emptied) }
    unsafe pthread_mutex_unlock(mutex)
  }
}
