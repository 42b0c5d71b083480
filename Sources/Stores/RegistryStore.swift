import Bytes
import Cryptography
import Fetch
import Telemetry

/// A sealed model as an artifact of an OCI registry. Spec: OCI distribution 1.1, image manifest 1.1.
final class RegistryStore: StoreProtocol {
  private static let manifestLimitBytes = 4 << 20
  private static let answerLimitBytes = 1 << 20

  private struct State {
    var items: [StoreItem: String]?
    var authorization: String?
  }

  private let base: String
  private let reference: String
  private let credentials: String?
  private let state = Locked(State())
  let followsRedirects = true

  init(_ location: String, _ access: StoreAccess) throws(StoreError) {
    let problem = StoreError.location("oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST")
    let place = location.dropFirst("oci://".count)
    guard let slash = place.firstIndex(of: "/") else { throw problem }
    let rest = place[place.index(after: slash)...]
    let mark = rest.firstIndex(of: "@") ?? rest.lastIndex(of: ":")
    let repository = mark.map { rest[..<$0] } ?? rest
    reference = mark.map { String(rest[rest.index(after: $0)...]) } ?? "latest"
    guard slash != place.startIndex, !repository.isEmpty, !reference.isEmpty,
      repository.utf8.allSatisfy(Self.isNameCharacter), reference.utf8.allSatisfy(Self.isReferenceCharacter)
    else { throw problem }
    base = "\(access.allowPlainHTTP ? "http" : "https")://\(place[..<slash])/v2/\(repository)"
    switch access.credentials {
    case .none: credentials = nil
    case .file(let path): credentials = path
    case .exchange: throw .location("tokens are exchanged for s3:// alone")
    }
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x61...0x7A: true
    default: "._-/".utf8.contains(byte)
    }
  }

  private static func isReferenceCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "._-:".utf8.contains(byte)
    }
  }

  func request(_ item: StoreItem, _ transport: StoreTransport) throws(StoreError) -> FetchRequest {
    let digest =
      if case .blob(let name) = item { "sha256:\(name)" } else { try digest(of: item, transport) }
    return authorized(FetchRequest(url: "\(base)/blobs/\(digest)"))
  }

  private func authorized(_ request: FetchRequest) -> FetchRequest {
    var request = request
    if let authorization = state.withLock({ $0.authorization }) {
      request.headers.append(("Authorization", authorization))
    }
    return request
  }

  // MARK: the artifact's manifest

  private func digest(of item: StoreItem, _ transport: StoreTransport) throws(StoreError) -> String {
    let known = state.withLock { $0.items }
    let items: [StoreItem: String]
    if let known { items = known } else { items = try readManifest(transport) }
    guard let digest = items[item] else { throw .notFound }
    return digest
  }

  private func readManifest(_ transport: StoreTransport) throws(StoreError) -> [StoreItem: String] {
    let request = FetchRequest(
      url: "\(base)/manifests/\(reference)", headers: [("Accept", OCIArtifact.manifestType)])
    // Most registries want a token even from strangers, and say so first.
    let renewing = { (challenge: FetchResponse) throws(StoreError) -> Bool in try self.renew(challenge, transport) }
    let bytes = try transport.exchange(limitBytes: Self.manifestLimitBytes, renew: renewing) { authorized(request) }
    if reference.hasPrefix("sha256:") {
      guard "sha256:\(Hex.encode(Hash.sha256.digest(bytes)))" == reference else { throw .malformedAnswer }
    }
    let items = try OCIArtifact.items(in: bytes)
    state.withLock { $0.items = items }
    return items
  }

  // MARK: authorisation

  /// Follows the registry's challenge: a token of the service it names, or the credentials themselves.
  func renew(_ challenge: FetchResponse, _ transport: StoreTransport) throws(StoreError) -> Bool {
    guard challenge.status == 401, let text = challenge.header("www-authenticate") else { return false }
    let basic = try credentials.map { path throws(StoreError) in
      "Basic \(Base64.encode(Array(try CredentialFile.line(path).utf8)))"
    }
    let found: String?
    if text.lowercased().hasPrefix("basic") {
      found = basic
    } else {
      found = try BearerChallenge(text).map { challenge throws(StoreError) in
        "Bearer \(try token(challenge, basic, transport))"
      }
    }
    state.withLock { $0.authorization = found }
    return found != nil
  }

  private func token(
    _ challenge: BearerChallenge, _ basic: String?, _ transport: StoreTransport
  ) throws(StoreError) -> String {
    let request = FetchRequest(url: challenge.url, headers: basic.map { [("Authorization", $0)] } ?? [])
    let bytes = try transport.exchange(limitBytes: Self.answerLimitBytes) { request }
    guard let answer = try? StrictJSON.parse(bytes),
      let token = answer["token"]?.stringValue ?? answer["access_token"]?.stringValue, SharedCredentials.isPlain(token)
    else { throw .malformedAnswer }
    return token
  }
}

/// `Bearer realm="…",service="…",scope="…"`. Spec: distribution, "Token authentication".
struct BearerChallenge: Equatable {
  /// The realm with service and scope as its query.
  let url: String

  init?(_ text: String) {
    guard text.lowercased().hasPrefix("bearer ") else { return nil }
    var values: [String: String] = [:]
    for part in text.dropFirst("bearer ".count).split(separator: "\"", omittingEmptySubsequences: false).pairs {
      let name = part.0.filter { $0 != "," && $0 != " " && $0 != "=" }.lowercased()
      guard values.updateValue(String(part.1), forKey: name) == nil else { return nil }
    }
    guard let realm = values["realm"], realm.hasPrefix("https://") || realm.hasPrefix("http://") else { return nil }
    let query = ["service", "scope"].compactMap { name in
      values[name].map { "\(name)=\(PercentEncoding.encode($0, keepingSlash: false))" }
    }
    url = query.isEmpty ? realm : "\(realm)\(realm.contains("?") ? "&" : "?")\(query.joined(separator: "&"))"
  }
}

extension Array where Element == Substring {
  /// First and second, third and fourth …; one that is left over is dropped.
  fileprivate var pairs: [(Substring, Substring)] {
    stride(from: 0, to: count - 1, by: 2).map { (self[$0], self[$0 + 1]) }
  }
}
