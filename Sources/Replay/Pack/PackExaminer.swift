import Bytes
import KBSProtocol
package import SignedNotes
package import TransparencyLog

/// What a pack turned out to hold. Made only of one in which nothing is wrong; whether its decisions come out the same is
/// for whoever was shown them.
package struct PackReport: Equatable, Sendable {
  package let checkpoint: VerifiedCheckpoint
  /// The first entry that the pack holds.
  package let from: UInt64
  package let blobs: Int
  /// Blobs that were not there any more when it was made.
  package let absent: Int
  package let records: Int
}

/// Reads a pack as somebody does who trusts neither the broker nor whoever made the pack: every signature, the tree, and
/// every decision made again, from nothing but the file and the log's key.
///
/// Shares no code with the writer of the log but the formats' parsers. Memory: one record, 100 bytes for each blob, and what
/// `Examiner` keeps.
package struct PackExaminer {
  package typealias Visit = (_ examination: Examination, _ entry: [UInt8]) async throws -> Void

  private let key: NoteVerifierKey
  private let policy: QuorumPolicy?
  private let known: [Checkpoint]

  /// - Parameter known: earlier checkpoints of this log, already verified; the log must still begin with each of them.
  package init(key: NoteVerifierKey, policy: QuorumPolicy? = nil, known: [Checkpoint] = []) {
    self.key = key
    self.policy = policy
    self.known = known
  }

  /// - Parameter visit: is given what came of every entry in turn. What it makes of them counts only when this returns: until
  ///   then nobody has signed them.
  /// - Throws: `PackError` with the first thing that is wrong; what the source and `visit` throw.
  package func examine(_ source: some PackBytes, visit: Visit = { _, _ in }) async throws -> PackReport {
    var walk = try PackWalk(source)
    let signed = try walk.beginning(key, policy)
    try walk.hold(known, signed)
    var found = try await walk.context(signed, visit)
    for index in walk.from..<signed.size {
      found = try await walk.entry(index, found, visit)
    }
    try walk.end(found, signed)
    return PackReport(
      checkpoint: signed, from: walk.from, blobs: walk.blobs.present, absent: walk.blobs.absent, records: walk.records)
  }
}

/// One way through one pack.
private struct PackWalk<Source: PackBytes> {
  typealias Found = PackReader<Source>.Found

  private var reader: PackReader<Source>
  private(set) var blobs: PackedBlobs<Source>
  private var examiner = Examiner()
  private var tree = TreeFrontier()
  private(set) var from: UInt64 = 0
  private var size: UInt64 = 0
  /// Signed checkpoints with which the log must begin, by rising size.
  private var beginnings: [Checkpoint] = []
  private var pending: Found?

  init(_ source: Source) throws {
    reader = try PackReader(source)
    blobs = PackedBlobs(source)
  }

  var records: Int { reader.ordinal }

  private func section(_ next: UInt64) -> PackPlace.Section { next < size ? .entry(next) : .frontier }

  /// Header and checkpoints. What follows the last of them is kept for later.
  mutating func beginning(_ key: NoteVerifierKey, _ policy: QuorumPolicy?) throws -> VerifiedCheckpoint {
    let first = try reader.next(in: .header)
    guard first.record.kind == .header else { throw PackError.outOfOrder(first.place) }
    let header: PackHeader
    do throws(ParseError) { header = try PackHeader(parsing: first.record.body) } catch {
      throw PackError.malformed(first.place, error)
    }
    let second = try reader.next(in: .checkpoint)
    guard second.record.kind == .checkpoint else { throw PackError.outOfOrder(second.place) }
    let signed = try Self.verified(second, key, policy)
    (from, size) = (header.from, signed.size)
    guard header == PackHeader(origin: signed.checkpoint.origin, from: from, size: size) else {
      throw PackError.headerMismatch
    }
    var found = try reader.next(in: from > 0 ? .context : section(0))
    while found.record.kind == .known {
      let old = try Self.verified(found, key, nil).checkpoint
      guard old.size < size, beginnings.last.map({ $0.size < old.size }) ?? true else {
        throw PackError.outOfOrder(found.place)
      }
      beginnings.append(old)
      found = try reader.next(in: from > 0 ? .context : section(0))
    }
    if found.record.kind == .openings {
      examiner = Examiner(openings: try Self.openings(found))
      found = try reader.next(in: from > 0 ? .context : section(0))
    }
    pending = found
    return signed
  }

  private static func verified(
    _ found: Found, _ key: NoteVerifierKey, _ policy: QuorumPolicy?
  ) throws(PackError) -> VerifiedCheckpoint {
    do throws(LogError) {
      return try VerifiedCheckpoint(verifying: found.record.body, by: key, policy: policy)
    } catch { throw .checkpoint(found.place, error) }
  }

  private static func openings(_ found: Found) throws(PackError) -> NameOpenings {
    do throws(ParseError) {
      let openings = try NameOpenings(parsing: found.record.body)
      guard CanonicalJSON.encode(openings.json) == found.record.body else {
        throw ParseError("openings", .notCanonical)
      }
      return openings
    } catch { throw .malformed(found.place, error) }
  }

  /// Takes up what the auditor holds beside what the pack brings.
  mutating func hold(_ known: [Checkpoint], _ signed: VerifiedCheckpoint) throws(PackError) {
    for old in beginnings + known + [signed.checkpoint] {
      guard (from...size).contains(old.size) else { throw .notCovered(old.size, from: from, to: size) }
    }
    beginnings = beginnings + known + [signed.checkpoint]
  }

  private func compare() throws(PackError) {
    for old in beginnings where old.size == tree.size && old.root != tree.root {
      throw old.size == size ? .rootMismatch : .forked(at: old.size)
    }
  }

  /// What a pack that begins later needs of the entries before it.
  /// - Returns: the record after it.
  mutating func context(_ signed: VerifiedCheckpoint, _ visit: PackExaminer.Visit) async throws -> Found {
    guard var found = pending else { throw PackError.truncated(PackPlace(reader.ordinal, .header)) }
    pending = nil
    guard from > 0 else {
      try compare()
      return found
    }
    var next: UInt64 = 0
    while true {
      found = try takeBlobs(found, in: .context)
      guard found.record.kind == .context else { break }
      let packed = try PackedContext(found, before: from, from: next, signed)
      try await examine(packed.entry, at: packed.index, visit)
      next = packed.index + 1
      found = try reader.next(in: .context)
    }
    guard found.record.kind == .frontier else { throw PackError.outOfOrder(found.place) }
    try blobs.finish()
    guard let before = TreeFrontier(size: from, found.record.body) else {
      throw PackError.frontierMismatch(found.place)
    }
    tree = before
    try compare()
    return try reader.next(in: section(from))
  }

  /// - Parameter first: the record after the entry before.
  /// - Returns: the record after the entry.
  mutating func entry(_ index: UInt64, _ first: Found, _ visit: PackExaminer.Visit) async throws -> Found {
    let found = try takeBlobs(first, in: .entry(index))
    guard found.record.kind == .entry else { throw PackError.outOfOrder(found.place) }
    tree.add(found.record.body)
    try compare()
    try await examine(found.record.body, at: index, visit)
    return try reader.next(in: section(index + 1))
  }

  private mutating func takeBlobs(_ first: Found, in section: PackPlace.Section) throws -> Found {
    var found = first
    while found.record.kind == .blob || found.record.kind == .absent {
      try blobs.add(found)
      found = try reader.next(in: section)
    }
    return found
  }

  private mutating func examine(_ entry: [UInt8], at index: UInt64, _ visit: PackExaminer.Visit) async throws {
    blobs.begin(index)
    do {
      try await visit(try await examiner.examine(entry, at: index, &blobs), entry)
    } catch let error as ParseError { throw PackError.leaf(index, error) }
    try blobs.finish()
  }

  mutating func end(_ found: Found, _ signed: VerifiedCheckpoint) throws {
    guard found.record.kind == .frontier else { throw PackError.outOfOrder(found.place) }
    guard found.record.body == tree.bytes else { throw PackError.frontierMismatch(found.place) }
    guard tree.size == signed.size, tree.root == signed.root else { throw PackError.rootMismatch }
    try reader.finish()
  }
}
