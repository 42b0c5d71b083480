import Bytes
package import Collateral
import Platform

/// Asks a fetcher over its socket. Blocks.
package enum FetcherClient {
  /// - Throws: `PlatformError` when nobody answers in time, `ParseError` for an answer that is none.
  package static func ask(_ request: FetcherRequest, socket: String) throws -> FetcherAnswer {
    let connection = try UnixConnection.connect(path: socket)
    try connection.write(request.line, within: .seconds(2))
    let line = try connection.readLine(
      limitBytes: FetcherAnswer.limitBytes, within: request.deadline + .seconds(1))
    return try FetcherAnswer(parsing: line)
  }
}
