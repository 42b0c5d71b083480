import Bytes
import Fetch

/// Reads of one store: authorised, tried again while that makes sense, and never more than was asked for.
///
/// Blocks the calling thread; many may use it at once, each with a connection of its own.
final class StoreTransport: Sendable {
  private static let redirectLimit = 3

  let access: StoreAccess
  private let kind: any StoreProtocol
  private let client: StreamClient

  init(_ kind: any StoreProtocol, _ access: StoreAccess) {
    self.kind = kind
    self.access = access
    var options = FetchOptions(caPEM: access.caPEM, timeout: .seconds(3600), maxBody: Int(Int32.max))
    options.allowPlainHTTP = access.allowPlainHTTP
    client = StreamClient(options)
  }

  /// What one answer came to, besides the bytes it brought.
  private enum Step {
    case done
    case again(StoreError, advice: Int64?)
    case renew(FetchResponse)
    case redirect(String)
    case fail(any Error)
  }

  // MARK: objects

  /// The whole of a small object.
  func whole(_ item: StoreItem, limitBytes: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(item, range: { nil }) { request, follow in
      bytes = []
      return self.step(
        request, follow,
        accept: { answer throws(StoreError) in
          guard answer.status == 200, (answer.header("content-encoding") ?? "identity") == "identity" else {
            throw .status(answer.status)
          }
        },
        take: { piece throws(StoreError) in
          guard bytes.count + piece.byteCount <= limitBytes else { throw .tooLarge }
          unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        })
    }
    return bytes
  }

  /// Gives the bytes of `range` in order; a transfer that broke goes on where it was.
  /// - Parameter known: the object's length, when an answer before told it.
  /// - Returns: the object's length.
  func stream(
    _ item: StoreItem, _ range: Range<Int>, known: Int?,
    to take: (RawSpan) throws -> Void
  ) throws -> Int {
    var position = range.lowerBound
    var total = known
    try read(item, range: { position..<range.upperBound }) { request, follow in
      let step = self.step(
        request, follow,
        accept: { answer throws(StoreError) in
          total = try ContentRange.total(of: answer, wanted: position..<range.upperBound, known: total)
        },
        take: { piece in
          guard piece.byteCount <= range.upperBound - position else { throw StoreError.otherRange }
          try take(piece)
          position += piece.byteCount
        })
      if case .done = step, position < range.upperBound { return .again(.noAnswer(.interrupted), advice: nil) }
      return step
    }
    return total ?? 0
  }

  // MARK: tries

  /// Runs tries until one is done. `attempt` is given the request and whether a redirect may be followed.
  private func read(
    _ item: StoreItem, range: () -> Range<Int>?, _ attempt: (FetchRequest, Bool) -> Step
  ) throws {
    var patience = Patience(access)
    var mayRenew = true
    var redirect: (url: String, count: Int)?
    var reached = range()?.lowerBound ?? 0
    while true {
      var request = try redirect.map { FetchRequest(url: $0.url) } ?? kind.request(item, self)
      request.range = range().map { UInt64($0.lowerBound)...UInt64($0.upperBound - 1) }
      let step = attempt(request, kind.followsRedirects && (redirect?.count ?? 0) < Self.redirectLimit)
      let now = range()?.lowerBound ?? 0
      patience.brought(now - reached)
      reached = now
      switch step {
      case .done: return
      case .fail(let error): throw error
      case .redirect(let url): redirect = (url, (redirect?.count ?? 0) + 1)
      case .renew(let challenge):
        guard mayRenew, redirect == nil, try kind.renew(challenge, self) else { throw StoreError.notPermitted }
        mayRenew = false
      case .again(let error, let advice):
        redirect = nil
        try patience.wait(after: error, advice: advice)
      }
    }
  }

  private func step(
    _ request: FetchRequest, _ mayFollow: Bool, accept: (FetchResponse) throws(StoreError) -> Void,
    take: (RawSpan) throws -> Void
  ) -> Step {
    var verdict: Step?
    let outcome = client.get(
      request,
      begin: { answer in
        verdict = self.verdict(on: answer, mayFollow)
        guard verdict == nil else { return false }
        do throws(StoreError) { try accept(answer) } catch { verdict = .fail(error) }
        return verdict == nil
      },
      take: { piece in
        do { try take(piece) } catch { verdict = .fail(error) }
        return verdict == nil
      })
    if let verdict { return verdict }
    switch outcome {
    case .complete: return .done
    case .stopped: return .fail(StoreError.otherRange)
    case .failed(let error):
      return error.isRetryable ? .again(.noAnswer(error), advice: nil) : .fail(StoreError.noAnswer(error))
    }
  }

  /// What an answer's status says about another try; `nil` when the answer itself is to be looked at.
  private func verdict(on answer: FetchResponse, _ mayFollow: Bool) -> Step? {
    switch answer.status {
    case 200, 206: return nil
    case 401, 403: return .renew(answer)
    case 404, 410: return .fail(StoreError.notFound)
    case 301, 302, 303, 307, 308:
      guard mayFollow, let url = answer.header("location"),
        url.hasPrefix("https://") || (access.allowPlainHTTP && url.hasPrefix("http://"))
      else { return .fail(StoreError.redirect) }
      return .redirect(url)
    case let status where FetchResponse.passingStatuses.contains(status):
      return .again(.status(status), advice: answer.retryAfterSeconds)
    default: return .fail(StoreError.status(answer.status))
    }
  }

  // MARK: requests of a protocol's own

  /// One small answer, tried again like any read.
  /// - Parameters:
  ///   - renew: called once when the server does not permit it: whether another try makes sense.
  ///   - make: the request, made anew for every try.
  /// - Returns: its body.
  func exchange(
    limitBytes: Int, renew: (FetchResponse) throws(StoreError) -> Bool = { _ in false },
    _ make: () -> FetchRequest
  ) throws(StoreError) -> [UInt8] {
    var patience = Patience(access)
    var mayRenew = true
    while true {
      var bytes: [UInt8] = []
      let step = step(
        make(), false,
        accept: { answer throws(StoreError) in
          guard answer.status == 200 else { throw .status(answer.status) }
        },
        take: { piece in
          guard bytes.count + piece.byteCount <= limitBytes else { throw StoreError.tooLarge }
          unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        })
      switch step {
      case .done: return bytes
      case .again(let error, let advice): try patience.wait(after: error, advice: advice)
      case .renew(let challenge):
        guard mayRenew, try renew(challenge) else { throw .notPermitted }
        mayRenew = false
      case .redirect: throw .redirect
      case .fail(let error): throw error as? StoreError ?? .malformedAnswer
      }
    }
  }
}
