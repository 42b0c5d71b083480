import Bytes
package import Weights

/// A sealed model on a server: `https://HOST/PATH/`, `s3://BUCKET/PREFIX` or `oci://HOST/REPOSITORY:TAG`.
package struct RemoteModel: SealedStore {
  private let transport: StoreTransport

  /// - Throws: `.location` for a text that names no place; nothing is asked yet.
  package init(_ location: String, _ access: StoreAccess) throws(StoreError) {
    transport = StoreTransport(try Self.kind(of: location, access), access)
  }

  /// Whether the text names a place on a server, and not a directory.
  package static func isLocation(_ text: String) -> Bool {
    ["https://", "http://", "s3://", "oci://"].contains { text.hasPrefix($0) }
  }

  private static func kind(of location: String, _ access: StoreAccess) throws(StoreError) -> any StoreProtocol {
    guard location.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}?#".utf8.contains($0) }) else {
      throw .location("the location of a store has characters that no address has")
    }
    if location.hasPrefix("s3://") { return try BucketStore(location, access) }
    if location.hasPrefix("oci://") { return try RegistryStore(location, access) }
    return try WebStore(location, access)
  }

  package func manifest() throws -> [UInt8] { try transport.whole(.manifest, limitBytes: Manifest.limitBytes) }

  package func note() throws -> [UInt8] { try transport.whole(.note, limitBytes: SealedDirectory.noteLimitBytes) }

  package func blob(named name: String) throws -> any StoredBytes {
    var head: [UInt8] = []
    let size = try transport.stream(.blob(name), 0..<StreamLayout.headerSize, known: nil) { piece in
      unsafe piece.withUnsafeBytes { unsafe head.append(contentsOf: $0) }
    }
    return RemoteBlob(item: .blob(name), byteCount: size, head: head, transport: transport)
  }
}

/// One blob on a server. Its length is what the server said first, and says again with every part.
private struct RemoteBlob: StoredBytes {
  let item: StoreItem
  let byteCount: Int
  /// The first bytes, which told the length.
  let head: [UInt8]
  let transport: StoreTransport

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
    let end = offset + buffer.byteCount
    if end <= head.count { return buffer.copy(unsafe head[offset..<end].span.bytes) }
    var bytes: [UInt8] = []
    _ = try transport.stream(item, offset..<end, known: byteCount) { piece in
      unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    buffer.copy(unsafe bytes.span.bytes)
  }

  func stream(_ range: Range<Int>, scratch: inout MutableRawSpan, to take: (RawSpan) throws -> Void) throws {
    guard !range.isEmpty else { return }
    _ = try transport.stream(item, range, known: byteCount, to: take)
  }
}
