import CFetch

typealias FetchResult = Result<FetchResponse, FetchError>

/// One request on its way.
final class Call: Sendable {
  let request: FetchRequest
  private let cancelled = Locked(false)

  init(_ request: FetchRequest) { self.request = request }

  var isCancelled: Bool { cancelled.withLock { $0 } }
  func cancel() { cancelled.withLock { $0 = true } }
}

/// A thread that carries transfers. It begins with the first of them and ends when told to.
///
/// Safe and unchecked: `inbox` is made for many threads, `loop` is only woken by others, and the rest is touched by
/// the loop's own thread alone.
@safe final class FetchLoop: @unchecked Sendable {
  private typealias Waiter = CheckedContinuation<FetchResult, Never>

  private enum Order {
    case start(Call, Waiter)
    case cancel(Call)
    case end
  }

  private struct Inbox {
    var orders: [Order] = []
    var hasThread = false
  }

  /// Safe: the transfer is freed where this leaves `running`.
  @safe private struct Running {
    let call: Call
    let transfer: OpaquePointer
    let waiter: Waiter
  }

  private let settings: TransferSettings
  private let loop: OpaquePointer?
  private let inbox = Locked(Inbox())
  private var running: [UInt64: Running] = [:]
  private var lastToken: UInt64 = 0

  private static let longestWait: Int32 = 60_000

  init(_ settings: TransferSettings) {
    self.settings = settings
    unsafe loop = cf_loop_new()
  }

  deinit { unsafe cf_loop_free(loop) }

  // MARK: from other threads

  func start(_ call: Call, _ waiter: CheckedContinuation<FetchResult, Never>) {
    guard let loop = unsafe loop, ensureThread() else { return waiter.resume(returning: .failure(.outOfResources)) }
    inbox.withLock { $0.orders.append(.start(call, waiter)) }
    unsafe cf_loop_wake(loop)
  }

  func cancel(_ call: Call) {
    call.cancel()
    post(.cancel(call))
  }

  func end() { post(.end) }

  private func post(_ order: Order) {
    let isRunning = inbox.withLock { inbox in
      if inbox.hasThread { inbox.orders.append(order) }
      return inbox.hasThread
    }
    if isRunning, let loop = unsafe loop { unsafe cf_loop_wake(loop) }
  }

  private func ensureThread() -> Bool {
    inbox.withLock { inbox in
      if inbox.hasThread { return true }
      let context = unsafe Unmanaged.passRetained(self)
      let started = unsafe cf_thread_start(
        "fetch", { unsafe Unmanaged<FetchLoop>.fromOpaque($0.unsafelyUnwrapped).takeRetainedValue().run() },
        context.toOpaque())
      if started != 0 { unsafe context.release() }
      inbox.hasThread = started == 0
      return inbox.hasThread
    }
  }

  // MARK: the thread

  private func run() {
    guard let loop = unsafe loop else { return }
    while true {
      let orders = inbox.withLock { inbox in
        let taken = inbox.orders
        inbox.orders = []
        return taken
      }
      for order in orders {
        switch order {
        case .start(let call, let waiter): unsafe begin(call, waiter, on: loop)
        case .cancel(let call): unsafe drop(call, on: loop)
        case .end: return unsafe finish(on: loop)
        }
      }
      var answer = unsafe cf_answer()
      if unsafe cf_loop_turn(loop, Self.longestWait, &answer) != 0 { unsafe deliver(answer, on: loop) }
    }
  }

  private func begin(_ call: Call, _ waiter: Waiter, on loop: OpaquePointer) {
    // A cancellation that came first has found nothing to cancel.
    if call.isCancelled { return waiter.resume(returning: .failure(.cancelled)) }
    lastToken += 1
    guard let transfer = unsafe settings.start(call.request, on: loop, token: lastToken) else {
      return waiter.resume(returning: .failure(.tlsMisconfigured))
    }
    running[lastToken] = unsafe Running(call: call, transfer: transfer, waiter: waiter)
  }

  private func drop(_ call: Call, on loop: OpaquePointer) {
    guard let (token, found) = running.first(where: { $0.value.call === call }) else { return }
    running[token] = nil
    unsafe cf_transfer_free(loop, found.transfer)
    found.waiter.resume(returning: .failure(.cancelled))
  }

  private func finish(on loop: OpaquePointer) {
    for found in running.values {
      unsafe cf_transfer_free(loop, found.transfer)
      found.waiter.resume(returning: .failure(.cancelled))
    }
    running = [:]
  }

  private func deliver(_ answer: cf_answer, on loop: OpaquePointer) {
    let result = unsafe FetchResult(answer)
    unsafe cf_transfer_free(loop, answer.transfer)
    unsafe running.removeValue(forKey: answer.token)?.waiter.resume(returning: result)
  }
}

extension FetchResult {
  init(_ answer: cf_answer) {
    guard unsafe answer.result == cf_done else {
      self = .failure(FetchError(unsafe answer.result))
      return
    }
    let head = unsafe UnsafeBufferPointer(start: answer.head, count: answer.head_count)
    let body = unsafe UnsafeBufferPointer(start: answer.body, count: answer.body_count)
    self = .success(
      FetchResponse(
        status: Int(unsafe answer.status), headers: FetchResponse.fields(unsafe Array(head)), body: unsafe Array(body)))
  }

}

extension FetchResponse {
  /// The field lines of a head; what is not one is left out.
  static func fields(_ head: [UInt8]) -> [(name: String, value: String)] {
    head.split(separator: 10).compactMap { line in
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
      let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
      let end = value.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? value.startIndex
      return (
        String(decoding: line[..<colon], as: UTF8.self).lowercased(),
        String(decoding: value[..<end], as: UTF8.self)
      )
    }
  }
}

extension FetchError {
  init(_ result: cf_result) {
    self =
      switch result {
      case cf_unresolved: .unresolved
      case cf_unreachable: .unreachable
      case cf_timed_out: .timeout
      case cf_interrupted: .interrupted
      case cf_tls_failed: .tlsFailed
      case cf_tls_untrusted: .tlsUntrusted
      case cf_tls_misconfigured: .tlsMisconfigured
      case cf_too_large: .tooLarge
      case cf_bad_url: .badURL
      case cf_bad_reply: .badReply
      default: .failed
      }
  }
}
