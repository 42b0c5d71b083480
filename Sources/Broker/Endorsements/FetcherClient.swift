import Bytes
import Collateral
import Glibc
import Platform

/// Why the fetcher brought nothing at all.
enum FetcherError: Error, Equatable, Sendable {
  /// Nobody listens, or the connection broke.
  case unreachable
  case timedOut
  /// Not an answer, or an answer to another question.
  case malformed

  init(_ error: PlatformError) {
    switch error {
    case .system(.socket, errno: ETIMEDOUT): self = .timedOut
    case .tooLong, .endsTooEarly: self = .malformed
    default: self = .unreachable
    }
  }

  var code: String {
    switch self {
    case .unreachable: "fetcherUnreachable"
    case .timedOut: "fetcherTimedOut"
    case .malformed: "fetcherMalformed"
    }
  }
}

/// Asks the fetching process over its Unix socket. What comes back is a carrier: this checks that it is an answer to the
/// question, and nothing else about it.
struct FetcherClient: Sendable {
  let socket: String

  /// Never takes longer than its deadline; holds none of the pool's threads while it waits.
  func fetch(_ request: FetcherRequest) async -> Result<FetcherAnswer, FetcherError> {
    let (path, deadline) = (socket, request.deadline)
    let line: [UInt8]
    do {
      line = try await OwnThread.run { () throws(PlatformError) in
        let end = ContinuousClock.now + deadline
        let connection = try UnixConnection.connect(path: path)
        try connection.write(request.line, within: deadline)
        return try connection.readLine(
          limitBytes: FetcherAnswer.limitBytes, within: ContinuousClock.now.duration(to: end))
      }
    } catch let error as PlatformError {
      return .failure(FetcherError(error))
    } catch { return .failure(.unreachable) }
    guard let answer = try? FetcherAnswer(parsing: line) else { return .failure(.malformed) }
    let asked = Set(request.want)
    guard asked == Set(answer.artefacts.map(\.key) + answer.missing.map(\.key)) else { return .failure(.malformed) }
    return .success(answer)
  }
}
