/// Reading the durable tree, published or not.
extension LogWriter {
  package borrowing func reader() -> LogReader { LogReader(io, published: published) }

  /// - Throws: `.outOfRange`, `.storage`, `.damaged`.
  package borrowing func entry(at index: UInt64) throws(LogError) -> [UInt8] {
    guard index < size else { throw .outOfRange }
    if index >= entriesStart { return entries[Int(index - entriesStart)] }
    return try PublishedTree(io, size: publishedSize).entries(index: index >> 8)[Int(index & 255)]
  }

  /// A proof file for one entry under the newest durable checkpoint.
  package borrowing func proof(index: UInt64) throws(LogError) -> [UInt8] {
    let proof = try inclusionProof(index: index, size: size)
    return TlogProof(entry: try entry(at: index), index: index, path: proof.path, checkpoint: checkpoint).bytes
  }

  /// The way from an entry to the root of any size that the log has had since.
  package borrowing func inclusionProof(index: UInt64, size asked: UInt64) throws(LogError) -> InclusionProof {
    guard asked <= size else { throw .outOfRange }
    var nodes = DurableNodes(edge: tree, published: PublishedTree(io, size: publishedSize))
    return try nodes.inclusionProof(index: index, size: asked)
  }

  package borrowing func consistencyProof(from old: UInt64, to new: UInt64) throws(LogError) -> ConsistencyProof {
    guard new <= size else { throw .outOfRange }
    var nodes = DurableNodes(edge: tree, published: PublishedTree(io, size: publishedSize))
    return try nodes.consistencyProof(from: old, to: new)
  }
}
