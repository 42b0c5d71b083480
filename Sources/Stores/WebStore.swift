import Bytes
import Fetch
import Platform

/// A sealed model below an address, as `model seal` wrote it.
struct WebStore: StoreProtocol {
  private let base: String
  private let tokenFile: String?
  let followsRedirects = false

  init(_ location: String, _ access: StoreAccess) throws(StoreError) {
    guard location.hasPrefix("https://") || access.allowPlainHTTP else {
      throw .location("a store is reached by https://")
    }
    base = location.hasSuffix("/") ? location : "\(location)/"
    switch access.credentials {
    case .none: tokenFile = nil
    case .file(let path): tokenFile = path
    case .exchange: throw .location("tokens are exchanged for s3:// alone")
    }
  }

  func request(_ item: StoreItem, _ transport: StoreTransport) throws(StoreError) -> FetchRequest {
    var request = FetchRequest(url: base + item.path)
    if let tokenFile {
      request.headers.append(("Authorization", "Bearer \(try CredentialFile.line(tokenFile))"))
    }
    return request
  }

  /// The file is read for every request: nothing is kept that could be stale.
  func renew(_ challenge: FetchResponse, _ transport: StoreTransport) -> Bool { false }
}

/// Small files of secrets that others write anew from time to time.
enum CredentialFile {
  private static let limitBytes = 1 << 16

  static func text(_ path: String) throws(StoreError) -> String {
    do throws(PlatformError) {
      let bytes = try SmallFile.read(path, limitBytes: limitBytes)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      throw .credentials("\(path): \(error)")
    }
  }

  /// The one line of a file.
  static func line(_ path: String) throws(StoreError) -> String {
    var line = try text(path)
    while line.utf8.last == 0x0A || line.utf8.last == 0x0D { line.unicodeScalars.removeLast() }
    guard !line.isEmpty, line.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
      throw .credentials("\(path): not one line of text")
    }
    return line
  }
}
