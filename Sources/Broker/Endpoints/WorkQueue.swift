/// Bounds the expensive work: at most `width` verifications at a time, at most `limit` waiting; more are turned away.
actor WorkQueue {
  private let width: Int
  private let limit: Int
  private var running = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  struct Full: Error {}

  init(width: Int, limit: Int) {
    self.width = width
    self.limit = limit
  }

  /// - Throws: `Full` before anything ran, or what `body` throws.
  nonisolated func run<Result: Sendable>(_ body: @Sendable @escaping () async throws -> Result) async throws -> Result {
    try await enter()
    do {
      // Verification leaves the reactor's thread: it may take milliseconds.
      let result = try await withTaskExecutorPreference(globalConcurrentExecutor) { try await body() }
      await leave()
      return result
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async throws {
    if running < width {
      running += 1
      return
    }
    guard waiting.count < limit else { throw Full() }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// Hands the place to the next in line, or frees it.
  private func leave() {
    if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
  }
}
