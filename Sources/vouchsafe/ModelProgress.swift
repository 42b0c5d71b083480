import Synchronization
import Terminal

/// A progress line that several threads feed.
final class ModelProgress: Sendable {
  private let state: Mutex<(progress: Progress, done: Int)>

  init(_ what: String, totalBytes: Int, quiet: Bool) {
    state = Mutex((Progress(what, totalBytes: totalBytes, quiet: quiet), 0))
  }

  func add(_ bytes: Int) {
    state.withLock {
      $0.done += bytes
      $0.progress.update($0.done)
    }
  }

  func finish() { state.withLock { $0.progress.finish() } }
}
