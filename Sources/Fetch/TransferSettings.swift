import Bytes
import CFetch
import Glibc

/// The options of a client as libcurl takes them: memory that stays where it is while transfers use it.
///
/// Safe and unchecked: filled once, never changed, overwritten and freed with the object, which every transfer holds.
@safe final class TransferSettings: @unchecked Sendable {
  private let options: FetchOptions
  private let authorities: UnsafeMutableBufferPointer<UInt8>?
  private let certificate: UnsafeMutableBufferPointer<UInt8>?
  private let key: UnsafeMutableBufferPointer<UInt8>?

  private static let largestHead = 256 * 1024

  init(_ options: FetchOptions) {
    unsafe authorities = Self.copy(options.caPEM)
    unsafe certificate = Self.copy(options.clientCertificatePEM)
    unsafe key = Self.copy(options.clientKeyPEM)
    self.options = options
  }

  deinit {
    unsafe Self.discard(authorities)
    unsafe Self.discard(certificate)
    unsafe Self.discard(key)
  }

  private static func discard(_ buffer: UnsafeMutableBufferPointer<UInt8>?) {
    guard let buffer = unsafe buffer else { return }
    unsafe cf_erase(buffer.baseAddress, buffer.count)
    unsafe buffer.deallocate()
  }

  private static func copy(_ bytes: [UInt8]?) -> UnsafeMutableBufferPointer<UInt8>? {
    guard let bytes else { return nil }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, bytes.count))
    unsafe buffer.initialize(repeating: 0)
    for (index, byte) in bytes.enumerated() { unsafe buffer[index] = byte }
    return unsafe buffer
  }

  /// Begins the transfer; nil when libcurl refused any of its options.
  func start(_ request: FetchRequest, on loop: OpaquePointer, token: UInt64) -> OpaquePointer? {
    unsafe withWire(request) { wire in unsafe cf_loop_start(loop, &wire, token) }
  }

  /// The request as the door takes it, for the length of `use`.
  func withWire<Result>(_ request: FetchRequest, _ use: (inout cf_request) -> Result) -> Result {
    let texts = Texts()
    var wire = unsafe cf_request()
    unsafe describe(request, in: &wire, texts)
    unsafe setTrust(in: &wire, texts)
    let lines = unsafe request.headers.map { unsafe texts.keep("\($0.0): \($0.1)") } + contentTypeLine(request, texts)
    let body = request.body ?? []
    defer { withExtendedLifetime(texts) {} }
    return unsafe lines.withUnsafeBufferPointer { lines in
      unsafe body.withUnsafeBufferPointer { body in
        unsafe wire.headers = lines.baseAddress
        unsafe wire.header_count = lines.count
        unsafe wire.body = body.baseAddress
        unsafe wire.body_count = body.count
        return unsafe use(&wire)
      }
    }
  }

  private func describe(_ request: FetchRequest, in wire: inout cf_request, _ texts: Texts) {
    unsafe wire.method = texts.keep(request.method)
    unsafe wire.url = texts.keep(request.url)
    unsafe wire.range = request.range.map { unsafe texts.keep("\($0.lowerBound)-\($0.upperBound)") } ?? nil
    unsafe wire.has_body = request.body == nil ? 0 : 1
    unsafe wire.allow_plain_http = options.allowPlainHTTP ? 1 : 0
    unsafe wire.connect_milliseconds = Self.milliseconds(options.connectTimeout)
    unsafe wire.total_milliseconds = Self.milliseconds(request.timeout ?? options.timeout)
    unsafe wire.largest_head = Self.largestHead
    unsafe wire.largest_body = max(0, request.maxBody ?? options.maxBody)
  }

  private func setTrust(in wire: inout cf_request, _ texts: Texts) {
    unsafe wire.tls13_only = options.requiresTLS13 ? 1 : 0
    unsafe wire.authorities = UnsafePointer(authorities?.baseAddress)
    unsafe wire.authorities_count = options.caPEM?.count ?? 0
    unsafe wire.certificate = UnsafePointer(certificate?.baseAddress)
    unsafe wire.certificate_count = options.clientCertificatePEM?.count ?? 0
    unsafe wire.key = UnsafePointer(key?.baseAddress)
    unsafe wire.key_count = options.clientKeyPEM?.count ?? 0
    unsafe wire.certificate_file = texts.keep(options.clientCertificatePath)
    unsafe wire.key_file = texts.keep(options.clientKeyPath)
    unsafe wire.proxy = texts.keep(options.proxy)
    unsafe wire.pinned_key = texts.keep(options.pinnedKey.map { "sha256//" + Base64.encode($0) })
  }

  /// libcurl would call any body a web form.
  private func contentTypeLine(_ request: FetchRequest, _ texts: Texts) -> [UnsafePointer<CChar>?] {
    let isNamed = request.headers.contains { $0.0.lowercased() == "content-type" }
    return unsafe request.body == nil || isNamed ? [] : [texts.keep("Content-Type:")]
  }

  private static func milliseconds(_ duration: Duration) -> Int64 {
    let parts = duration.components
    return max(1, parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
  }

  /// C strings that live as long as this object. Overwritten at the end: a field may hold a credential.
  @safe private final class Texts {
    private var kept: [UnsafeMutablePointer<CChar>] = unsafe []

    func keep(_ text: String?) -> UnsafePointer<CChar>? {
      guard let text, let copy = unsafe strdup(text) else { return nil }
      unsafe kept.append(copy)
      return unsafe UnsafePointer(copy)
    }

    deinit {
      while let text = unsafe kept.popLast() {
        unsafe cf_erase(text, strlen(text))
        unsafe free(text)
      }
    }
  }
}
