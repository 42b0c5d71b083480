import Bytes
import Cryptography
package import KBSProtocol
package import SignedNotes
package import TransparencyLog

/// What went into a pack, and what whoever verifies it will find.
package struct PackSummary: Equatable, Sendable {
  package let origin: String
  package let from: UInt64
  package let size: UInt64
  package internal(set) var blobs = 0
  package internal(set) var absent = 0
  package internal(set) var bytes: UInt64 = 0
  /// Decisions that come out the same again, those that do not, and those that nobody can make again.
  package internal(set) var same = 0
  package internal(set) var different = 0
  package internal(set) var expired = 0

  mutating func count(_ outcome: Examination.Outcome) {
    switch outcome {
    case .follows: break
    case .same: same += 1
    case .different, .fault: different += 1
    case .evidenceExpired: expired += 1
    }
  }
}

/// Makes the pack of a log: the whole log is audited on the way, and exactly those blobs are taken that an auditor asks for.
package struct PackMaker {
  private let key: NoteVerifierKey
  private let policy: QuorumPolicy?
  private let known: [VerifiedCheckpoint]
  private let openings: NameOpenings?
  private let from: UInt64

  /// - Parameters:
  ///   - known: earlier checkpoints of this log that are to go with it.
  ///   - openings: of a log that keeps names private; they go with it, because its entries cannot be read without them.
  ///   - from: the first entry; those before it are represented by what they changed of the registry.
  package init(
    key: NoteVerifierKey, policy: QuorumPolicy? = nil, known: [VerifiedCheckpoint] = [], openings: NameOpenings? = nil,
    from: UInt64 = 0
  ) {
    self.key = key
    self.policy = policy
    self.known = known
    self.openings = openings
    self.from = from
  }

  /// - Parameter write: takes the pack's bytes, in order; they count only when this returns.
  /// - Throws: `AuditFailure` when the log is not what its key signed; `PackError.blobAltered`, `.blobTooLong`; what the
  ///   sources and `write` throw.
  package func make(
    _ source: inout some LogSource, _ blobs: some BlobSource, write: ([UInt8]) throws -> Void
  ) async throws -> PackSummary {
    guard let note = try await source.file(at: "checkpoint") else { throw AuditFailure.missing("checkpoint") }
    let signed = try verified(note)
    guard from <= signed.size else { throw AuditFailure.outOfRange(from, size: signed.size) }
    // The log may grow meanwhile; its smaller self stays readable.
    var held = HeldSource(source: source, checkpoint: note)
    var proofs = held
    var work = PackWork(blobs, openings, PackSummary(origin: signed.checkpoint.origin, from: from, size: signed.size))
    try work.begin(signed, earlier(signed), write)
    let auditor = Auditor(key: key, policy: policy, known: known.map(\.checkpoint))
    _ = try await auditor.audit(&held) { entry, index in
      if index == from { try work.frontier(write) }
      let leaf = try work.leaf(entry, at: index)
      if index >= from {
        try await work.add(entry, leaf, at: index, write)
      } else if index == 0 || leaf.isChange {
        let proof = try await FetchedTree.inclusionProof(index: index, size: signed.size, &proofs)
        try await work.add(entry, leaf, at: index, proof: proof, write)
      }
      work.grow(entry)
    }
    if from == signed.size, from > 0 { try work.frontier(write) }
    try work.frontier(write, isEnd: true)
    return work.summary
  }

  private func verified(_ note: [UInt8]) throws(AuditFailure) -> VerifiedCheckpoint {
    do throws(LogError) { return try VerifiedCheckpoint(verifying: note, by: key, policy: policy) } catch {
      throw .checkpoint(error)
    }
  }

  /// Those of the known checkpoints that say more than the signed one, by rising size.
  private func earlier(_ signed: VerifiedCheckpoint) -> [VerifiedCheckpoint] {
    var found: [VerifiedCheckpoint] = []
    for old in known.sorted(by: { $0.size < $1.size }) where (from..<signed.size).contains(old.size) {
      if found.last?.size != old.size { found.append(old) }
    }
    return found
  }
}

/// A log as it was at one checkpoint.
private struct HeldSource<Source: LogSource>: LogSource {
  var source: Source
  let checkpoint: [UInt8]

  mutating func file(at path: String) async throws -> [UInt8]? {
    path == "checkpoint" ? checkpoint : try await source.file(at: path)
  }
}

/// A pack that is being made.
private struct PackWork<Blobs: BlobSource> {
  private var blobs: TakenBlobs<Blobs>
  private var examiner: Examiner
  private let openings: NameOpenings?
  private var tree = TreeFrontier()
  private var chain = PackRecord.firstChain
  private(set) var summary: PackSummary

  init(_ blobs: Blobs, _ openings: NameOpenings?, _ summary: PackSummary) {
    examiner = Examiner(openings: openings)
    self.openings = openings
    self.blobs = TakenBlobs(source: blobs)
    self.summary = summary
  }

  private mutating func put(_ kind: PackRecord.Kind, _ body: [UInt8], _ write: ([UInt8]) throws -> Void) throws {
    let (bytes, next) = PackRecord(kind, body).encoded(after: chain)
    chain = next
    try write(bytes)
    summary.bytes += UInt64(bytes.count)
  }

  mutating func begin(
    _ signed: VerifiedCheckpoint, _ earlier: [VerifiedCheckpoint], _ write: ([UInt8]) throws -> Void
  ) throws {
    try write(PackRecord.magic)
    summary.bytes = UInt64(PackRecord.magic.count)
    let header = PackHeader(origin: signed.checkpoint.origin, from: summary.from, size: signed.size)
    try put(.header, header.bytes, write)
    try put(.checkpoint, signed.bytes, write)
    for old in earlier { try put(.known, old.bytes, write) }
    if let openings { try put(.openings, CanonicalJSON.encode(openings.json), write) }
  }

  /// The tree so far: before the first entry, unless that is the log's own, and at the end.
  mutating func frontier(_ write: ([UInt8]) throws -> Void, isEnd: Bool = false) throws {
    if isEnd || tree.size > 0 { try put(.frontier, tree.bytes, write) }
  }

  mutating func grow(_ entry: [UInt8]) { tree.add(entry) }

  func leaf(_ entry: [UInt8], at index: UInt64) throws(AuditFailure) -> LogLeaf {
    do throws(ParseError) { return try LogLeaf(parsing: entry, openings: openings) } catch {
      throw .leaf(index: index, error)
    }
  }

  /// - Parameter proof: of an entry before the first one.
  mutating func add(
    _ entry: [UInt8], _ leaf: LogLeaf, at index: UInt64, proof: InclusionProof? = nil,
    _ write: ([UInt8]) throws -> Void
  ) async throws {
    summary.count(try await examiner.examine(leaf, at: index, &blobs).outcome)
    for (digest, bytes) in blobs.take() {
      if let bytes { try put(.blob, bytes, write) } else { try put(.absent, digest, write) }
      if bytes == nil { summary.absent += 1 } else { summary.blobs += 1 }
    }
    if let proof {
      try put(.context, PackedContext.body(entry, proof), write)
    } else {
      try put(.entry, entry, write)
    }
  }
}

/// Blobs out of a store, with what was asked for the first time.
private struct TakenBlobs<Source: BlobSource>: BlobSource {
  var source: Source
  /// Whether each was there; who was told so once is told so again.
  private var known: [[UInt8]: Bool] = [:]
  private var fresh: [[UInt8]: [UInt8]?] = [:]

  init(source: Source) { self.source = source }

  mutating func blob(_ digest: [UInt8]) async throws -> [UInt8]? {
    if known[digest] == false { return nil }
    let bytes = try await source.blob(digest)
    if let bytes {
      guard Hash.sha256.digest(bytes) == digest else { throw PackError.blobAltered(digest) }
      guard bytes.count <= PackRecord.Kind.blob.limitBytes else { throw PackError.blobTooLong(digest) }
    }
    if known[digest] == nil {
      known[digest] = bytes != nil
      fresh[digest] = .some(bytes)
    }
    return bytes
  }

  /// What is new since this was last asked, by rising digest.
  mutating func take() -> [([UInt8], [UInt8]?)] {
    defer { fresh = [:] }
    return fresh.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
  }
}
