import Glibc

/// A value that one thread at a time reaches, and for whose changes others wait.
///
/// Unchecked: `value` is reached only with the mutex held. Safe: mutex and condition live as long as the object.
@safe final class Monitor<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init(_ value: Value) {
    self.value = value
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body`, after which everybody who waits looks again.
  func withLock<Result>(_ body: (inout Value) -> Result) -> Result { wait(until: { _ in true }, then: body) }

  /// Waits for a value of which `condition` is true, and goes on with `body` before anybody changes it.
  func wait<Result>(until condition: (Value) -> Bool, then body: (inout Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    while !condition(value) { unsafe pthread_cond_wait(changed, mutex) }
    return body(&value)
  }
}
