import Glibc

/// An executor with one thread of its own, for an actor whose work blocks: it never holds a thread of the pool.
///
/// `@unchecked Sendable`: the jobs are guarded by the mutex, which the compiler does not see. The thread lives as long as
/// the process.
@safe package final class SerialThread: SerialExecutor, @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let arrival: UnsafeMutablePointer<pthread_cond_t>
  private var jobs: [UnownedJob] = []

  package init() throws(PlatformError) {
    unsafe mutex = .allocate(capacity: 1)
    unsafe arrival = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(arrival, nil)
    try OwnThread.start { self.loop() }
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    unsafe pthread_mutex_lock(mutex)
    jobs.append(job)
    unsafe pthread_cond_signal(arrival)
    unsafe pthread_mutex_unlock(mutex)
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

  private func loop() {
    let executor = unsafe asUnownedSerialExecutor()
    while true {
      for job in next() { unsafe job.runSynchronously(on: executor) }
    }
  }

  private func next() -> [UnownedJob] {
    unsafe pthread_mutex_lock(mutex)
    while jobs.isEmpty { unsafe pthread_cond_wait(arrival, mutex) }
    let taken = jobs
    jobs = []
    unsafe pthread_mutex_unlock(mutex)
    return taken
  }
}
