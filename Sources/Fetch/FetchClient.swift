/// How a client reaches servers and which of them it believes.
package struct FetchOptions: Sendable {
  /// The only authorities that are trusted; nil trusts those of the system.
  package var caPEM: [UInt8]?
  /// SHA-256 of the SubjectPublicKeyInfo that the server must have, besides a certificate that is trusted.
  package var pinnedKey: [UInt8]?
  /// Our certificate, as PEM or as a file of it.
  package var clientCertificatePEM: [UInt8]?
  package var clientCertificatePath: String?
  /// The certificate's key. With a file, the key is never in memory of this module.
  package var clientKeyPEM: [UInt8]?
  package var clientKeyPath: String?
  package var requiresTLS13 = false
  /// For a service on the loopback interface alone.
  package var allowPlainHTTP = false
  /// "http://host:port"; the environment's proxies are never used.
  package var proxy: String?
  package var connectTimeout = Duration.seconds(5)
  /// From the beginning of a request to the last byte of its answer.
  package var timeout = Duration.seconds(30)
  /// The largest body taken, in bytes.
  package var maxBody = 16 * 1024 * 1024
  /// How many threads share the work; one carries hundreds of requests, but no more than one core of decryption.
  package var threads = 1

  package init() {}

  package init(
    caPEM: [UInt8]? = nil, pinnedKey: [UInt8]? = nil, clientCertificatePEM: [UInt8]? = nil,
    clientKeyPEM: [UInt8]? = nil, clientCertificatePath: String? = nil, clientKeyPath: String? = nil,
    timeout: Duration = .seconds(30), maxBody: Int = 16 * 1024 * 1024, allowPlainHTTP: Bool = false
  ) {
    self.caPEM = caPEM
    self.pinnedKey = pinnedKey
    self.clientCertificatePEM = clientCertificatePEM
    self.clientKeyPEM = clientKeyPEM
    self.clientCertificatePath = clientCertificatePath
    self.clientKeyPath = clientKeyPath
    self.timeout = timeout
    self.maxBody = maxBody
    self.allowPlainHTTP = allowPlainHTTP
  }
}

/// Sends requests from threads of its own and keeps connections open between them. Copies share these.
package struct FetchClient: Sendable {
  private let options: FetchOptions
  private let engine: Engine

  package init(_ options: FetchOptions = FetchOptions()) {
    self.options = options
    engine = Engine(options)
  }

  /// The answer to `request`, whatever its status.
  /// - Throws: `FetchError`; `.cancelled` as soon as the task is cancelled, and the connection is then closed.
  package func send(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
    try request.check(allowPlainHTTP: options.allowPlainHTTP)
    let loop = engine.next
    let call = Call(request)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in loop.start(call, continuation) }
    } onCancel: {
      loop.cancel(call)
    }
    return try result.get()
  }

  /// Ends the threads when the last copy of the client is gone.
  private final class Engine: Sendable {
    private let loops: [FetchLoop]
    private let turn = Locked(0)

    init(_ options: FetchOptions) {
      let trust = TransferSettings(options)
      loops = (0..<max(1, options.threads)).map { _ in FetchLoop(trust) }
    }

    deinit { for loop in loops { loop.end() } }

    var next: FetchLoop {
      let index = turn.withLock { turn in
        turn = (turn + 1) % loops.count
        return turn
      }
      return loops[index]
    }
  }
}
