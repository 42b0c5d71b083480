import Glibc

/// Hands the steps of a schedule to threads, which wait while there is none.
///
/// `@safe`, `@unchecked Sendable`: mutex and condition live as long as this object, and what they guard is touched with
/// the mutex held.
@safe final class SealCrew: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let change: UnsafeMutablePointer<pthread_cond_t>
  private var schedule: SealSchedule
  private var isStopped = false

  init(_ schedule: SealSchedule) {
    self.schedule = schedule
    unsafe mutex = .allocate(capacity: 1)
    unsafe change = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(change, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(change)
    unsafe pthread_mutex_destroy(mutex)
    unsafe change.deallocate()
    unsafe mutex.deallocate()
  }

  /// Waits for a step. - Returns: `nil` when there is nothing left to do, or somebody failed.
  func next() -> SealSchedule.Step? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while !isStopped, !schedule.isDone {
      if let step = schedule.next() { return step }
      unsafe pthread_cond_wait(change, mutex)
    }
    return nil
  }

  func finished(_ step: SealSchedule.Step) {
    unsafe pthread_mutex_lock(mutex)
    schedule.finished(step)
    unsafe pthread_cond_broadcast(change)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Nobody gets another step.
  func stop() {
    unsafe pthread_mutex_lock(mutex)
    isStopped = true
    unsafe pthread_cond_broadcast(change)
    unsafe pthread_mutex_unlock(mutex)
  }
}
