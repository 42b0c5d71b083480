import Fetch

/// The parts of a sealed model.
package enum StoreItem: Hashable, Sendable {
  case manifest
  case note
  /// Named by the SHA-256 of its bytes, in hexadecimal.
  case blob(String)

  /// Where it lies below the place of the model.
  var path: String {
    switch self {
    case .manifest: "manifest.json"
    case .note: "manifest.note"
    case .blob(let name): "blobs/\(name)"
    }
  }
}

/// How a kind of store is asked. An implementer owes: requests that read and nothing else.
protocol StoreProtocol: Sendable {
  /// Whether objects may lie with another server, which is asked without any credential.
  var followsRedirects: Bool { get }
  /// A request for the whole of `item`, with what authorises it. May block.
  func request(_ item: StoreItem, _ transport: StoreTransport) throws(StoreError) -> FetchRequest
  /// Called when the server did not permit a read: whether another try makes sense.
  func renew(_ challenge: FetchResponse, _ transport: StoreTransport) throws(StoreError) -> Bool
}
