import Glibc
import Synchronization

/// Hands out 0, 1, 2 … to several threads until the end, or until one of them fails.
final class WorkQueue: Sendable {
  private let next = Atomic(0)
  private let isStopped = Atomic(false)
  private let count: Int

  init(count: Int) { self.count = count }

  func take() -> Int? {
    guard !isStopped.load(ordering: .relaxed) else { return nil }
    let number = next.add(1, ordering: .relaxed).oldValue
    return number < count ? number : nil
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }
}

/// A failure and the number of the piece of work it belongs to.
struct WorkFailure: Sendable {
  let number: Int
  let error: WeightsError
}

/// Runs `work` for every number below `count` on up to `width` threads, each with a state of its own, and waits for all.
/// Blocks the calling thread. The failure with the lowest number is thrown.
func concurrently<State>(
  width: Int, count: Int, makeState: @escaping @Sendable () -> State,
  work: @escaping @Sendable (Int, State) throws(WeightsError) -> Void
) throws(WeightsError) {
  let queue = WorkQueue(count: count)
  let run: @Sendable () -> WorkFailure? = {
    let state = makeState()
    while let number = queue.take() {
      do throws(WeightsError) {
        try work(number, state)
      } catch {
        queue.stop()
        return WorkFailure(number: number, error: error)
      }
    }
    return nil
  }
  try onThreads(min(width, count), run)
}

/// Runs `work` on up to `width` threads, of which the calling one is the first, and waits for all. The failure with the
/// lowest number is thrown.
func onThreads(_ width: Int, _ work: @escaping @Sendable () -> WorkFailure?) throws(WeightsError) {
  let helpers = (1..<max(1, width)).compactMap { _ in Worker.start(work) }
  let own = work()
  let failures = [own].compactMap { $0 } + helpers.compactMap { $0.join() }
  if let first = failures.min(by: { $0.number < $1.number }) { throw first.error }
}

/// One thread and what it came to.
///
/// `@unchecked Sendable`: `result` is written by the thread before it ends and read after `join`.
private final class Worker: @unchecked Sendable {
  private let run: @Sendable () -> WorkFailure?
  private var result: WorkFailure?
  private var thread = pthread_t()

  private init(_ run: @escaping @Sendable () -> WorkFailure?) { self.run = run }

  /// `nil` when the system has no thread left: the others do the work.
  static func start(_ run: @escaping @Sendable () -> WorkFailure?) -> Worker? {
    let worker = Worker(run)
    let argument = unsafe Unmanaged.passRetained(worker).toOpaque()
    let status = unsafe pthread_create(&worker.thread, nil, { unsafe Worker.main($0) }, argument)
    guard status == 0 else {
      unsafe Unmanaged<Worker>.fromOpaque(argument).release()
      return nil
    }
    return worker
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let worker = unsafe Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue()
    worker.result = worker.run()
    return nil
  }

  func join() -> WorkFailure? {
    pthread_join(thread, nil)
    return result
  }
}
