/// An executor with one thread of its own, for an actor whose work blocks: it never holds a thread of the pool.
///
/// The thread lives as long as the process.
package final class SerialThread: SerialExecutor {
  private let jobs = Monitor<[UnownedJob]>([])

  package init() throws(PlatformError) {
    try OwnThread.start { self.loop() }
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

  private func loop() {
    let executor = unsafe asUnownedSerialExecutor()
    while true {
      for job in next() { unsafe job.runSynchronously(on: executor) }
    }
  }

  private func next() -> [UnownedJob] {
    jobs.wait(until: { !$0.isEmpty }) { jobs in
      defer { jobs = [] }
      return jobs
    }
  }
}
