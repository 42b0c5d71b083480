import Bytes
import Telemetry
import Transport

@testable import Stores

/// A server of files that understands ranges, and can be told to answer wrongly.
final class FakeStore: HTTPResponder {
  enum Fault: Sendable {
    case status(Int, [(String, String)])
    /// The whole file, whatever range was asked for.
    case ignoresRange
    /// Says that it gives another part.
    case otherPart
    /// Says that the file has another length.
    case otherTotal
    /// Fewer bytes than it says.
    case fewer
    case encoded
  }

  struct Request: Sendable, Equatable {
    let path: String
    let range: String?
    let authorization: String?
  }

  let files: [String: [UInt8]]
  let requests = Locked<[Request]>([])
  private let fault: @Sendable (Int, Request) -> Fault?

  init(_ files: [String: [UInt8]], fault: @escaping @Sendable (Int, Request) -> Fault? = { _, _ in nil }) {
    self.files = files
    self.fault = fault
  }

  func bodyLimit(for head: HTTPRequestHead) -> Int { 1 << 20 }
  func failure(status: Int, reason: HTTPFailure) -> HTTPResponse { HTTPResponse(status: status) }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let asked = Request(
      path: request.path, range: request.headers.first("range"), authorization: request.headers.first("authorization"))
    let number = requests.withLock { requests in
      requests.append(asked)
      return requests.count - 1
    }
    let fault = fault(number, asked)
    if case .status(let status, let headers) = fault { return HTTPResponse(status: status, headers: headers) }
    guard let file = files[asked.path] else { return HTTPResponse(status: 404) }
    guard let text = asked.range, let range = Self.range(text, in: file.count) else {
      return HTTPResponse(status: 200, body: file)
    }
    return answer(file, range, fault)
  }

  private func answer(_ file: [UInt8], _ range: Range<Int>, _ fault: Fault?) -> HTTPResponse {
    var (first, total, body) = (range.lowerBound, file.count, Array(file[range]))
    var headers: [(String, String)] = []
    switch fault {
    case .ignoresRange: return HTTPResponse(status: 200, body: file)
    case .otherPart: first += 1
    case .otherTotal: total += 1
    case .fewer: body.removeLast()
    case .encoded: headers = [("Content-Encoding", "gzip")]
    case .status, nil: break
    }
    headers.append(("Content-Range", "bytes \(first)-\(range.upperBound - 1)/\(total)"))
    return HTTPResponse(status: 206, headers: headers, body: body)
  }

  private static func range(_ text: String, in count: Int) -> Range<Int>? {
    let ends = text.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
    return ends.count == 2 && ends[0] <= ends[1] && ends[1] < count ? ends[0]..<ends[1] + 1 : nil
  }

  /// Serves for the length of `body`, which is given the server's address.
  func serving(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
    let server = try HTTPServer(ServerConfiguration(tls: nil), responder: self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      defer { group.cancelAll() }
      try await body("http://127.0.0.1:\(server.boundPort)")
    }
  }
}
