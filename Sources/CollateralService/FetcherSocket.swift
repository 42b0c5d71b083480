import Bytes
import Collateral
package import Platform
import Synchronization

/// The socket on which brokers ask: one line of a request, one line of an answer, and the connection ends.
package final class FetcherSocket: Sendable {
  static let connectionLimit = 64
  private static let patience = Duration.seconds(2)

  private let listener: UnixListener
  private let fetcher: CollateralFetcher
  private let open = Mutex(0)

  /// - Parameter mode: who may connect.
  package init(path: String, mode: UInt32 = 0o600, fetcher: CollateralFetcher) throws(PlatformError) {
    listener = try UnixListener(path: path, mode: mode)
    self.fetcher = fetcher
  }

  /// Answers until `stop`, on threads of its own.
  package func start() throws(PlatformError) {
    try OwnThread.start { [self] in
      while let connection = try? listener.accept() { serve(connection) }
    }
  }

  /// Takes the socket away and waits for answers that are on their way.
  package func stop(within grace: Duration = .seconds(10)) async {
    listener.close()
    let deadline = ContinuousClock.now + grace
    while open.withLock({ $0 }) > 0, ContinuousClock.now < deadline {
      do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
    }
  }

  private func serve(_ connection: UnixConnection) {
    let isAdmitted = open.withLock { count in
      guard count < Self.connectionLimit else { return false }
      count += 1
      return true
    }
    // Whoever is one too many is told by the end of the connection.
    guard isAdmitted else { return }
    let started: Void? = try? OwnThread.start { [self] in read(connection) }
    if started == nil { done() }
  }

  private func read(_ connection: UnixConnection) {
    guard let line = try? connection.readLine(limitBytes: FetcherRequest.limitBytes, within: Self.patience),
      let request = try? FetcherRequest(parsing: line)
    else { return done() }
    Task {
      let answer = await fetcher.answer(request).line
      _ = try? await OwnThread.run { try connection.write(answer, within: Self.patience) }
      done()
    }
  }

  private func done() { open.withLock { $0 -= 1 } }
}
