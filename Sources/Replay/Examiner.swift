import Bytes
package import KBSProtocol

/// What came of one entry.
package struct Examination: Sendable {
  package enum Outcome: Sendable {
    /// Nothing was decided; whatever it changed follows from the entries before it.
    case follows
    /// The decision comes out the same again, byte for byte.
    case same
    case different([Difference])
    /// What is needed was removed since: a legitimate answer, and no proof of anything.
    case evidenceExpired(MissingBlob)
    /// The entry does not follow from those before it, or what it names is not what was stored.
    case fault(code: String, String)
  }

  package let index: UInt64
  package let leaf: LogLeaf
  package let outcome: Outcome
  /// For whoever asks further; `nil` where nothing was decided again.
  package let replayed: Replayed?
}

/// Follows a log entry by entry from its beginning: the registry by its statements' signatures, every decision by making it
/// again. Memory: the registry, and the newest attestations.
package struct Examiner: Sendable {
  package private(set) var fold: RegistryFold?
  private var replayer = Replayer()
  /// Attestations that passed, by index, the newest ones.
  private var attestations: [UInt64: (evidence: [UInt8], time: Timestamp)] = [:]
  /// Every attestation from this index on that passed is in `attestations`.
  private var first: UInt64?

  private let openings: NameOpenings?

  private static let attestationLimit = 100_000
  /// No token lives longer; a release after that stands on nothing.
  private static let sessionLimit = Duration.seconds(3600)

  /// - Parameter openings: of a log that keeps names private; without them its entries cannot be read.
  package init(openings: NameOpenings? = nil) { self.openings = openings }

  /// Takes the next entry, as it stands in the log.
  ///
  /// - Throws: `ParseError` for an entry that is no leaf of ours; what the source throws.
  package mutating func examine(
    _ entry: [UInt8], at index: UInt64, _ blobs: inout some BlobSource
  ) async throws -> Examination {
    try await examine(try LogLeaf(parsing: entry, openings: openings), at: index, &blobs)
  }

  /// Takes the next entry. Entries that change nothing may be left out before the first decision that is examined.
  ///
  /// - Throws: what the source throws.
  mutating func examine(
    _ leaf: LogLeaf, at index: UInt64, _ blobs: inout some BlobSource
  ) async throws -> Examination {
    var replayed: Replayed?
    let outcome: Examination.Outcome
    do {
      try await follow(leaf, at: index, &blobs)
      outcome = try await decide(leaf, at: index, &blobs, &replayed)
    } catch let error as MissingBlob {
      outcome = .evidenceExpired(error)
    } catch let error as RegistryFault {
      outcome = .fault(code: error.code, error.description)
    } catch let error as ReplayError {
      outcome = .fault(code: error.code, error.description)
    }
    return Examination(index: index, leaf: leaf, outcome: outcome, replayed: replayed)
  }

  private mutating func follow(_ leaf: LogLeaf, at index: UInt64, _ blobs: inout some BlobSource) async throws {
    if fold == nil {
      guard case .config(let approvers, let breakGlass) = leaf.content, index == 0 else { throw RegistryFault.position }
      fold = .withoutApprovers
      var glass: [UInt8] = []
      if let breakGlass { glass = try await blobs.required(breakGlass, "break-glass approvers") }
      fold = try RegistryFold(
        approvers: try await blobs.required(approvers, "approvers"), breakGlass: glass, salt: openings?.valuesSalt)
    }
    try await fold?.take(leaf, at: index, &blobs)
  }

  private mutating func decide(
    _ leaf: LogLeaf, at index: UInt64, _ blobs: inout some BlobSource, _ replayed: inout Replayed?
  ) async throws -> Examination.Outcome {
    first = first ?? (leaf.isChange || index == 0 ? nil : index)
    guard let decision = leaf.decision else { return .follows }
    let made = try await replayer.replay(leaf, on: fold, &blobs)
    replayed = made
    if let release = decision.release { try check(release, decision, leaf) }
    guard made.differences.isEmpty else { return .different(made.differences) }
    if decision.release == nil, decision.allows { note(decision, leaf.time, at: index) }
    return .same
  }

  private mutating func note(_ decision: DecisionLeaf, _ time: Timestamp, at index: UInt64) {
    attestations[index] = (decision.evidence, time)
    guard attestations.count > Self.attestationLimit else { return }
    let kept = attestations.keys.sorted().suffix(Self.attestationLimit / 2)
    first = kept.first
    attestations = attestations.filter { $0.key >= first ?? 0 }
  }

  /// A release stands on an attestation of this log that passed, with the same evidence.
  private func check(_ release: DecisionLeaf.Release, _ decision: DecisionLeaf, _ leaf: LogLeaf) throws(RegistryFault) {
    guard let first, release.attestation >= first else { return }
    guard let attestation = attestations[release.attestation], attestation.evidence == decision.evidence,
      leaf.time < attestation.time.adding(Self.sessionLimit)
    else { throw .attestation }
  }
}
