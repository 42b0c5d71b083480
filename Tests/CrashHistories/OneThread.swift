import Synchronization

/// Everything that a history does, actors and tasks alike, on the thread that calls `run`: no wake-ups between threads, and
/// the same order every time.
final class OneThread: Sendable {
  private enum Job { case actors(UnownedJob), tasks(UnownedJob) }

  private let jobs = Mutex<[Job]>([])

  private let serial = Mutex<ActorExecutor?>(nil)
  private let preference = Mutex<TaskPreference?>(nil)

  /// Where actors run that take an executor. One object for the thread's life.
  var actorExecutor: ActorExecutor {
    serial.withLock { made in
      if let made { return made }
      let new = ActorExecutor(thread: self)
      made = new
      return new
    }
  }

  private var taskExecutor: TaskPreference {
    preference.withLock { made in
      if let made { return made }
      let new = TaskPreference(thread: self)
      made = new
      return new
    }
  }

  /// Runs `body` to its end; `nil` when it waits for something that nobody will do.
  func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
    let result = Outcome<Result>()
    let executor = taskExecutor
    Task.detached(executorPreference: executor) { result.set(await body()) }
    while let next = take() {
      for job in next {
        switch job {
        case .actors(let job): unsafe job.runSynchronously(on: actorExecutor.asUnownedSerialExecutor())
        case .tasks(let job): unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor())
        }
      }
    }
    return result.value
  }

  private func take() -> [Job]? {
    jobs.withLock { jobs in
      let taken = jobs
      jobs.removeAll(keepingCapacity: true)
      return taken.isEmpty ? nil : taken
    }
  }

  final class ActorExecutor: SerialExecutor {
    private let thread: OneThread

    init(thread: OneThread) { self.thread = thread }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      thread.jobs.withLock { $0.append(.actors(job)) }
    }
  }

  final class TaskPreference: TaskExecutor {
    private let thread: OneThread

    init(thread: OneThread) { self.thread = thread }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      thread.jobs.withLock { $0.append(.tasks(job)) }
    }
  }
}

private final class Outcome<Value: Sendable>: Sendable {
  private let stored = Mutex<Value?>(nil)

  var value: Value? { stored.withLock { $0 } }
  func set(_ value: Value) { stored.withLock { $0 = value } }
}
