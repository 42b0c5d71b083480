import Bytes
import Fetch
import Telemetry

/// A sealed model in a bucket, by path-style addresses. Objects are read; nothing is listed, written or removed.
final class BucketStore: StoreProtocol {
  private let base: String
  private let host: String
  private let prefix: String
  private let region: String
  private let credentials: StoreAccess.Credentials
  private let keys = Locked<BucketKeys?>(nil)
  let followsRedirects = false

  init(_ location: String, _ access: StoreAccess) throws(StoreError) {
    let parts = location.dropFirst("s3://".count).split(separator: "/", maxSplits: 1)
    guard let bucket = parts.first, bucket.utf8.allSatisfy(Self.isBucketCharacter) else {
      throw .location("s3://BUCKET/PREFIX: the bucket has a name of small letters, digits, dots and hyphens")
    }
    var folder = parts.count > 1 ? String(parts[1]) : ""
    while folder.hasSuffix("/") { folder.removeLast() }
    if !folder.isEmpty { folder = "/" + folder }
    prefix = PercentEncoding.encode("/\(bucket)\(folder)", keepingSlash: true)
    var endpoint = access.endpoint ?? "https://s3.\(access.region).amazonaws.com"
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    guard endpoint.hasPrefix("https://") || (access.allowPlainHTTP && endpoint.hasPrefix("http://")),
      let mark = endpoint.firstRange(of: "://"), !endpoint[mark.upperBound...].contains("/")
    else { throw .location("the endpoint of a bucket is https://HOST") }
    base = endpoint
    host = String(endpoint[mark.upperBound...])
    region = access.region
    credentials = access.credentials
  }

  private static func isBucketCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E: true
    default: false
    }
  }

  func request(_ item: StoreItem, _ transport: StoreTransport) throws(StoreError) -> FetchRequest {
    let path = "\(prefix)/\(item.path)"
    guard let keys = try currentKeys(transport) else { return FetchRequest(url: base + path) }
    let fields = SignatureV4(keys, region: region).fields(host: host, path: path, at: transport.access.now())
    return FetchRequest(url: base + path, headers: fields)
  }

  /// Keys may have been exchanged for others, or their time may be over.
  func renew(_ challenge: FetchResponse, _ transport: StoreTransport) throws(StoreError) -> Bool {
    guard credentials != .none else { return false }
    keys.withLock { $0 = nil }
    return true
  }

  private func currentKeys(_ transport: StoreTransport) throws(StoreError) -> BucketKeys? {
    try keys.withLock { held throws(StoreError) in
      if held == nil { held = try Self.obtain(credentials, transport) }
      return held
    }
  }

  private static func obtain(
    _ credentials: StoreAccess.Credentials, _ transport: StoreTransport
  ) throws(StoreError) -> BucketKeys? {
    switch credentials {
    case .none: return nil
    case .file(let path): return try SharedCredentials.keys(in: path)
    case .exchange(let tokenFile, let role, let service):
      return try TokenExchange(tokenFile: tokenFile, role: role, service: service).keys(transport)
    }
  }
}

/// The `default` section of a shared credentials file.
enum SharedCredentials {
  static func keys(in path: String) throws(StoreError) -> BucketKeys {
    var values: [String: String] = [:]
    var isDefault = false
    for line in try CredentialFile.text(path).split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.hasPrefix("[") {
        isDefault = line == "[default]"
      } else if isDefault, let sign = line.firstIndex(of: "="), !line.hasPrefix("#") {
        values[trimmed(line[..<sign]).lowercased()] = trimmed(line[line.index(after: sign)...])
      }
    }
    guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"],
      [access, secret, values["aws_session_token"] ?? ""].allSatisfy(isPlain)
    else { throw .credentials("\(path): no aws_access_key_id and aws_secret_access_key in a section [default]") }
    return BucketKeys(accessKey: access, secretKey: secret, sessionToken: values["aws_session_token"])
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
}
