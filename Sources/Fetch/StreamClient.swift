import CFetch
import Glibc

/// Answers handed on as they come, on the calling thread, and never kept: for what is larger than memory.
///
/// Connections stay open between requests and are shared by all who use the client, each by one thread at a time.
package final class StreamClient: Sendable {
  /// What became of one request.
  package enum Outcome: Sendable {
    case complete
    /// `begin` or `take` wanted no more.
    case stopped
    case failed(FetchError)
  }

  private let options: FetchOptions
  private let settings: TransferSettings
  private let idle = Locked<[Connection]>([])

  package init(_ options: FetchOptions) {
    self.options = options
    settings = TransferSettings(options)
  }

  /// Blocks the calling thread until the answer is over.
  /// - Parameters:
  ///   - begin: told status and fields before the first byte; false refuses the body.
  ///   - take: given the body front to back; false ends the transfer.
  package func get(
    _ request: FetchRequest, begin: (FetchResponse) -> Bool, take: (RawSpan) -> Bool
  ) -> Outcome {
    do throws(FetchError) { try request.check(allowPlainHTTP: options.allowPlainHTTP) } catch { return .failed(error) }
    guard let connection = idle.withLock({ $0.popLast() }) ?? Connection() else { return .failed(.outOfResources) }
    defer { idle.withLock { $0.append(connection) } }
    let result = connection.get(request, settings, begin, take)
    switch result {
    case cf_done: return .complete
    case cf_stopped: return .stopped
    default: return .failed(FetchError(result))
    }
  }
}

/// One libcurl handle.
///
/// Safe and unchecked: freed with the object, and used by whoever took it out of the idle ones.
@safe private final class Connection: @unchecked Sendable {
  private let stream: OpaquePointer

  init?() {
    guard let made = unsafe cf_stream_new() else { return nil }
    unsafe stream = made
  }

  deinit { unsafe cf_stream_free(stream) }

  func get(
    _ request: FetchRequest, _ settings: TransferSettings, _ begin: (FetchResponse) -> Bool, _ take: (RawSpan) -> Bool
  ) -> cf_result {
    withoutActuallyEscaping(begin) { begin in
      withoutActuallyEscaping(take) { take in
        let taker = Taker(begin: begin, take: take)
        let context = unsafe Unmanaged.passUnretained(taker).toOpaque()
        var door = unsafe cf_taker(
          context: context,
          begin: { unsafe Taker.at($0).begins(status: $1, head: UnsafeBufferPointer(start: $2, count: $3)) ? 1 : 0 },
          take: { unsafe Taker.at($0).takes(UnsafeRawBufferPointer(start: $1, count: $2)) ? 1 : 0 })
        let result = unsafe settings.withWire(request) { wire in unsafe cf_stream_get(stream, &wire, &door) }
        return withExtendedLifetime(taker) { result }
      }
    }
  }
}

/// Two closures behind the one pointer that C carries.
private final class Taker {
  private let begin: (FetchResponse) -> Bool
  private let take: (RawSpan) -> Bool

  init(begin: @escaping (FetchResponse) -> Bool, take: @escaping (RawSpan) -> Bool) {
    self.begin = begin
    self.take = take
  }

  static func at(_ context: UnsafeMutableRawPointer?) -> Taker {
    // The door hands back what it was given.
    unsafe Unmanaged<Taker>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
  }

  func begins(status: Int32, head: UnsafeBufferPointer<UInt8>) -> Bool {
    begin(FetchResponse(status: Int(status), headers: FetchResponse.fields(unsafe Array(head))))
  }

  func takes(_ bytes: UnsafeRawBufferPointer) -> Bool { take(unsafe RawSpan(_unsafeBytes: bytes)) }
}
