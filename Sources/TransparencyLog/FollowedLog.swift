package import SignedNotes

/// A log as far as an auditor has followed it: its last checkpoint, and the right edge of the tree that the auditor's own
/// hashing gave. What comes later is hashed onto that edge, so what was read once is not read again.
package struct FollowedLog: Sendable {
  private let key: NoteVerifierKey
  private var levels: AuditLevels
  /// The last checkpoint that was followed to.
  package private(set) var checkpoint: VerifiedCheckpoint?
  /// The newest checkpoint that the source showed, also when it does not continue the log: evidence, then.
  package private(set) var shown: VerifiedCheckpoint?

  package init(key: NoteVerifierKey) {
    self.key = key
    levels = AuditLevels()
  }

  /// Goes on where `checkpoint` and `edge` were kept.
  ///
  /// - Parameter edge: as `edge` gave it.
  /// - Throws: `.checkpoint` when the note does not verify, `.rootMismatch` when the edge is not of its tree.
  package init(key: NoteVerifierKey, checkpoint bytes: [UInt8], edge: [UInt8]) throws(AuditFailure) {
    self.key = key
    do throws(LogError) { checkpoint = try VerifiedCheckpoint(verifying: bytes, by: key) } catch {
      throw .checkpoint(error)
    }
    guard let levels = AuditLevels(size: checkpoint?.size ?? 0, edge: edge), levels.root == checkpoint?.root.bytes
    else { throw .rootMismatch }
    self.levels = levels
  }

  package var size: UInt64 { checkpoint?.size ?? 0 }
  /// The hashes of each level's unfinished tile, lowest level first, 32 bytes each: at most 8 × 255.
  package var edge: [UInt8] { levels.edge }

  /// Reads what the log gained, recomputes its tree and holds it against the tiles and the signed root.
  ///
  /// - Parameter each: takes every new entry in order, before the root has vouched for any; its effects count only when this
  ///   returns.
  /// - Returns: how many entries are new.
  /// - Throws: `AuditFailure`, after which the state is the one before: `.shrunk` and `.forked` mean that two checkpoints,
  ///   `checkpoint` and `shown`, do not connect. What the source or `each` throws.
  @discardableResult
  package mutating func advance(
    policy: QuorumPolicy? = nil, _ source: inout some LogSource, _ each: (UInt64, [UInt8]) throws -> Void
  ) async throws -> UInt64 {
    let auditor = Auditor(key: key, policy: policy, leaves: .opaque)
    let next = try await auditor.checkpoint(&source)
    shown = next
    let old = size
    guard next.size >= old else { throw AuditFailure.shrunk(from: old, to: next.size) }
    if next.size == old, let checkpoint {
      guard next.root == checkpoint.root else { throw AuditFailure.forked(at: old) }
    } else {
      do { levels = try await grown(to: next, auditor, &source, each) } catch let failure as AuditFailure {
        throw await judged(failure, next, &source)
      }
    }
    checkpoint = next
    return next.size - old
  }

  private func grown(
    to next: VerifiedCheckpoint, _ auditor: Auditor, _ source: inout some LogSource,
    _ each: (UInt64, [UInt8]) throws -> Void
  ) async throws -> AuditLevels {
    var grown = levels
    let old = size
    for start in stride(from: old & ~255, to: next.size, by: 256) {
      let entries = try await auditor.bundle(start / 256, Int(min(256, next.size - start)), &source)
      for (offset, entry) in entries.enumerated() {
        let index = start + UInt64(offset)
        guard index >= old else {
          // Read before: the same entry, or the log changed what it had signed.
          guard levels.holds(entry, at: index) else {
            throw AuditFailure.tileMismatch(auditPath("entries", start / 256, entries.count))
          }
          continue
        }
        try each(index, entry)
        try await grown.add(entry: entry, &source)
      }
    }
    try await grown.finish(&source)
    guard grown.root == next.root.bytes else { throw AuditFailure.rootMismatch }
    return grown
  }

  /// Whether what was read is damaged or the log's key signed two histories: it did when hashes lead from another beginning
  /// than the one that was signed before to the new signed root.
  private func judged(
    _ failure: AuditFailure, _ next: VerifiedCheckpoint, _ source: inout some LogSource
  ) async -> AuditFailure {
    guard let checkpoint, checkpoint.size > 0,
      let beginning = try? await FetchedTree.root(size: checkpoint.size, of: next.size, &source),
      beginning != checkpoint.root,
      let proof = try? await FetchedTree.consistencyProof(from: checkpoint.size, to: next.size, &source),
      (try? proof.verify(oldRoot: beginning, newRoot: next.root)) != nil
    else { return failure }
    return .forked(at: checkpoint.size)
  }
}
