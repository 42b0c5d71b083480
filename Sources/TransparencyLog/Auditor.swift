import Cryptography
package import SignedNotes

/// Where an auditor reads a log's public files: a directory, a mirror, a server. Nothing it returns is trusted.
package protocol LogSource {
  /// The file under a C2SP path such as `checkpoint` or `tile/entries/000`, or `nil` when there is none.
  mutating func file(at path: String) async throws -> [UInt8]?
}

/// Recomputes a whole log from its entries and says whether it is what its key signed.
///
/// Shares no code with the writer but the formats' parsers: it hashes every entry anew, builds every tile itself and
/// compares. Memory: one hash for each 256 entries and level.
package struct Auditor {
  /// What entries have to be.
  package enum Leaves: Sendable {
    case ours
    /// Another log's: any bytes.
    case opaque
  }

  package typealias Visit = (_ entry: [UInt8], _ index: UInt64) async throws -> Void

  private let key: NoteVerifierKey
  private let policy: QuorumPolicy?
  private let known: [Checkpoint]
  private let leaves: Leaves

  /// - Parameters:
  ///   - known: earlier checkpoints of this log, already verified; the log must still begin with each of them.
  package init(key: NoteVerifierKey, policy: QuorumPolicy? = nil, known: [Checkpoint] = [], leaves: Leaves = .ours) {
    self.key = key
    self.policy = policy
    self.known = known
    self.leaves = leaves
  }

  /// Reads and recomputes everything.
  /// - Parameter visit: is given every entry in turn. What it makes of them counts only when this returns: until then
  ///   nobody has signed them.
  /// - Throws: `AuditFailure` with the first thing that is wrong; what the source and `visit` throw.
  package func audit(
    _ source: inout some LogSource, visit: Visit = { _, _ in }
  ) async throws -> AuditReport {
    let signed = try await checkpoint(&source)
    for old in known where old.size > signed.size { throw AuditFailure.shrunk(from: old.size, to: signed.size) }
    var report = AuditReport(of: signed)
    guard try await recompute(signed.size, &report, &source, visit) == signed.root.bytes else {
      throw AuditFailure.rootMismatch
    }
    // Only now: a damaged entry is first of all damaged, whatever it says.
    if let failure = report.leafFailure { throw failure }
    return report
  }

  func checkpoint(_ source: inout some LogSource) async throws -> VerifiedCheckpoint {
    guard let bytes = try await source.file(at: "checkpoint") else { throw AuditFailure.missing("checkpoint") }
    do throws(LogError) {
      return try VerifiedCheckpoint(verifying: bytes, by: key, policy: policy)
    } catch { throw AuditFailure.checkpoint(error) }
  }

  /// The root that the entries give; every tile and every known checkpoint is compared on the way.
  private func recompute(
    _ size: UInt64, _ report: inout AuditReport, _ source: inout some LogSource, _ visit: Visit
  ) async throws -> [UInt8] {
    var levels = AuditLevels()
    try compare(levels, at: 0)
    for start in stride(from: 0, to: size, by: 256) {
      for (offset, entry) in try await bundle(start / 256, Int(min(256, size - start)), &source).enumerated() {
        let index = start + UInt64(offset)
        if leaves == .ours { report.add(entry, at: index) }
        try await visit(entry, index)
        try await levels.add(Hash.sha256.digest([0] + entry), &source)
        try compare(levels, at: index + 1)
      }
    }
    try await levels.finish(&source)
    return levels.root
  }

  private func compare(_ levels: AuditLevels, at size: UInt64) throws(AuditFailure) {
    for old in known where old.size == size && old.root.bytes != levels.root { throw .forked(at: size) }
  }

  func bundle(_ index: UInt64, _ count: Int, _ source: inout some LogSource) async throws -> [[UInt8]] {
    let path = auditPath("entries", index, count)
    guard let bytes = try await source.file(at: path) else { throw AuditFailure.missing(path) }
    guard let entries = try? EntryBundle.decode(bytes), entries.count == count else {
      throw AuditFailure.malformed(path)
    }
    return entries
  }
}

/// The C2SP path of a tile, spelled independently of `TilePath`.
func auditPath(_ level: String, _ index: UInt64, _ width: Int) -> String {
  var groups: [String] = []
  for divisor in [1, 1000, 1_000_000, 1_000_000_000, 1_000_000_000_000] as [UInt64]
  where index >= divisor || divisor == 1 {
    groups.insert(String(String(1000 + index / divisor % 1000).dropFirst()), at: 0)
  }
  let name = groups.dropLast().map { "x\($0)/" }.joined() + groups[groups.count - 1]
  return "tile/\(level)/\(name)" + (width == 256 ? "" : ".p/\(width)")
}
