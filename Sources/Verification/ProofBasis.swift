import Bytes
package import Cryptography

/// The carriers, beside the evidence itself, that a proof rests on. With these alone and at the same time, the same
/// evidence is proved again and states the same: what need be kept to repeat a verdict years later.
///
/// Sorted out when it is asked for: most verdicts are never kept.
package struct ProofBasis: Sendable {
  /// What one proof used, and the carriers it was given. What the evidence carries need not be kept twice.
  private struct Part: Sendable {
    var given: Endorsements
    var chains: [VerifiedChain]
    var lists: [CertificateRevocationList] = []
    var documents: Set<[UInt8]> = []
    var manifests: Set<[UInt8]> = []
    var answers: [RevocationAnswer] = []
  }

  private let parts: [Part]

  package static let none = ProofBasis([])

  private init(_ parts: [Part]) { self.parts = parts }

  /// Of `chains`, `lists` and `documents` (by digest) those that came from `given`.
  init(_ chains: [VerifiedChain], lists: [CertificateRevocationList], documents: Set<[UInt8]>, of given: Endorsements) {
    self.init([Part(given: given, chains: chains, lists: lists, documents: documents)])
  }

  /// What the proof of devices rests on: the lists and answers of their chains, and their manifests (by digest).
  init(_ chains: [ProvedNVIDIAChain], manifests: Set<[UInt8]>, of given: Endorsements) {
    self.init([
      Part(given: given, chains: chains.map(\.chain), manifests: manifests, answers: chains.flatMap(\.answers))
    ])
  }

  /// What either rests on.
  func merging(_ other: ProofBasis) -> ProofBasis { ProofBasis(parts + other.parts) }

  package var certificates: [Certificate] {
    gathered(by: \.der) { Set($0.given.certificates).intersection($0.chains.flatMap(\.path)) }
  }

  package var revocationLists: [CertificateRevocationList] {
    gathered(by: \.der) { Set($0.given.revocationLists).intersection($0.chains.flatMap(\.revocationLists) + $0.lists) }
  }

  package var documents: [IntelDocument] {
    gathered(by: \.digest) { part in Set(part.given.documents.filter { part.documents.contains($0.digest) }) }
  }

  package var manifests: [ManifestDocument] {
    gathered(by: \.digest) { part in Set(part.given.manifests.filter { part.manifests.contains($0.digest) }) }
  }

  package var answers: [RevocationAnswer] {
    gathered(by: \.der) { Set($0.given.answers).intersection($0.answers) }
  }

  private func gathered<Item: Hashable>(by bytes: (Item) -> [UInt8], of used: (Part) -> Set<Item>) -> [Item] {
    parts.reduce(into: Set<Item>()) { $0.formUnion(used($1)) }
      .sorted { bytes($0).lexicographicallyPrecedes(bytes($1)) }
  }

  package var endorsements: Endorsements {
    Endorsements(
      certificates: certificates, revocationLists: revocationLists, documents: documents, manifests: manifests,
      answers: answers)
  }

  /// One carrier as it is stored: recognised again as the same.
  package struct Artefact: Sendable, Equatable {
    /// `certificate`, `crl`, `tcbInfo`, `enclaveIdentity`, `rim` or `ocsp`.
    package let kind: String
    package let bytes: [UInt8]
  }

  package var artefacts: [Artefact] {
    certificates.map { Artefact(kind: "certificate", bytes: $0.der) }
      + revocationLists.map { Artefact(kind: "crl", bytes: $0.der) }
      + documents.map { Artefact(kind: $0.kind.rawValue, bytes: $0.pcsBytes) }
      + manifests.map { Artefact(kind: "rim", bytes: $0.bytes) } + answers.map { Artefact(kind: "ocsp", bytes: $0.der) }
  }
}

extension ProofBasis: Equatable {
  package static func == (left: Self, right: Self) -> Bool { left.artefacts == right.artefacts }
}
