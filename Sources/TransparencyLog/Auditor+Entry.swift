/// One entry, checked against the signed root without reading the rest of the log.
extension Auditor {
  /// - Throws: `AuditFailure`: `.outOfRange` when the log has no such entry; what the source throws.
  package func entry(at index: UInt64, _ source: inout some LogSource) async throws -> [UInt8] {
    let signed = try await checkpoint(&source)
    guard index < signed.size else { throw AuditFailure.outOfRange(index, size: signed.size) }
    let edge = try await edge(signed.size, &source)
    guard AuditLevels.root(edge) == signed.root.bytes else { throw AuditFailure.rootMismatch }
    let hashes = try await tile(0, index / 256, edge, signed.size, &source)
    let entry = try await bundle(index / 256, hashes.count, &source)[Int(index % 256)]
    guard MerkleHash.leaf(entry).bytes == hashes[Int(index % 256)] else {
      throw AuditFailure.tileMismatch(auditPath("entries", index / 256, hashes.count))
    }
    return entry
  }

  /// The unfinished tile of each level, lowest first.
  private func edge(_ size: UInt64, _ source: inout some LogSource) async throws -> [[[UInt8]]] {
    var edge: [[[UInt8]]] = []
    var width = size
    while width > 0 {
      let partial = Int(width % 256)
      edge.append(partial == 0 ? [] : try await read(edge.count, width / 256, partial, &source))
      width /= 256
    }
    return edge
  }

  /// A tile that the edge vouches for: directly, or through the level above, which holds its hash.
  private func tile(
    _ level: Int, _ index: UInt64, _ edge: [[[UInt8]]], _ size: UInt64, _ source: inout some LogSource
  ) async throws -> [[UInt8]] {
    if index == size >> UInt64(8 * level + 8) { return edge[level] }
    let hashes = try await read(level, index, 256, &source)
    let above = try await tile(level + 1, index / 256, edge, size, &source)
    guard above[Int(index % 256)] == AuditLevels.hash(hashes[...]) else {
      throw AuditFailure.tileMismatch(auditPath("\(level)", index, 256))
    }
    return hashes
  }

  private func read(
    _ level: Int, _ index: UInt64, _ width: Int, _ source: inout some LogSource
  ) async throws -> [[UInt8]] {
    let path = auditPath("\(level)", index, width)
    guard let bytes = try await source.file(at: path) else { throw AuditFailure.missing(path) }
    guard bytes.count == 32 * width else { throw AuditFailure.tileMismatch(path) }
    return stride(from: 0, to: bytes.count, by: 32).map { Array(bytes[$0..<$0 + 32]) }
  }
}
