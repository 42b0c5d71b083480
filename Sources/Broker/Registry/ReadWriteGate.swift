/// Orders decisions against changes of the registry: any number of decisions at a time, or one change alone, first come
/// first served.
///
/// This is what closes the revocation window: a decision's evaluation and its commit happen inside one read turn, so in log
/// order no decision evaluated before a change stands after it.
actor ReadWriteGate {
  private enum Turn { case read, write }
  private var readers = 0
  private var isWriting = false
  private var waiting: [(turn: Turn, continuation: CheckedContinuation<Void, Never>)] = []

  /// Turns that were asked for and have not begun.
  var waitingCount: Int { waiting.count }

  nonisolated func reading<Result: ~Copyable & Sendable>(
    _ body: @Sendable () async throws -> sending Result
  ) async throws -> Result {
    await enter(.read)
    do {
      let result = try await body()
      await leave(.read)
      return result
    } catch {
      await leave(.read)
      throw error
    }
  }

  nonisolated func writing<Result: ~Copyable & Sendable>(
    _ body: @Sendable () async throws -> sending Result
  ) async throws -> Result {
    await enter(.write)
    do {
      let result = try await body()
      await leave(.write)
      return result
    } catch {
      await leave(.write)
      throw error
    }
  }

  private func enter(_ turn: Turn) async {
    if waiting.isEmpty, admits(turn) { return begin(turn) }
    await withCheckedContinuation { waiting.append((turn, $0)) }
  }

  private func admits(_ turn: Turn) -> Bool { turn == .read ? !isWriting : !isWriting && readers == 0 }

  private func begin(_ turn: Turn) {
    if turn == .read { readers += 1 } else { isWriting = true }
  }

  private func leave(_ turn: Turn) {
    if turn == .read { readers -= 1 } else { isWriting = false }
    while let next = waiting.first, admits(next.turn) {
      begin(next.turn)
      waiting.removeFirst().continuation.resume()
    }
  }
}
