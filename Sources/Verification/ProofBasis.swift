import Bytes
package import Cryptography

/// The carriers, beside the evidence itself, that a proof rests on. With these alone and at the same time, the same
/// evidence is proved again and states the same: what need be kept to repeat a verdict years later.
package struct ProofBasis: Sendable, Equatable {
  package let certificates: [Certificate]
  package let revocationLists: [CertificateRevocationList]
  package let documents: [IntelDocument]
  package let manifests: [ManifestDocument]
  package let answers: [RevocationAnswer]

  package static let none = ProofBasis(certificates: [], revocationLists: [], documents: [])

  init(
    certificates: [Certificate], revocationLists: [CertificateRevocationList], documents: [IntelDocument],
    manifests: [ManifestDocument] = [], answers: [RevocationAnswer] = []
  ) {
    self.certificates = certificates
    self.revocationLists = revocationLists
    self.documents = documents
    self.manifests = manifests
    self.answers = answers
  }

  /// What the proof of devices rests on: the lists and answers of their chains, and their manifests.
  init(
    _ chains: [ProvedNVIDIAChain], manifests digests: Set<[UInt8]>, of given: Endorsements
  ) {
    let used = Set(chains.flatMap(\.chain.path))
    let enforced = Set(chains.flatMap(\.chain.revocationLists))
    self.init(
      certificates: Self.ordered(Set(given.certificates).intersection(used), by: \.der),
      revocationLists: Self.ordered(Set(given.revocationLists).intersection(enforced), by: \.der), documents: [],
      manifests: Self.ordered(Set(given.manifests).filter { digests.contains($0.digest) }, by: \.digest),
      answers: Self.ordered(Set(given.answers).intersection(chains.flatMap(\.answers)), by: \.der))
  }

  /// What either rests on.
  func merging(_ other: ProofBasis) -> ProofBasis {
    ProofBasis(
      certificates: Self.ordered(Set(certificates).union(other.certificates), by: \.der),
      revocationLists: Self.ordered(Set(revocationLists).union(other.revocationLists), by: \.der),
      documents: Self.ordered(Set(documents).union(other.documents), by: \.digest),
      manifests: Self.ordered(Set(manifests).union(other.manifests), by: \.digest),
      answers: Self.ordered(Set(answers).union(other.answers), by: \.der))
  }

  /// Those of `chains` and `documents` that came from `endorsements`: what the evidence carries need not be kept twice.
  init(_ chains: [VerifiedChain], lists: [CertificateRevocationList], documents: Set<[UInt8]>, of given: Endorsements) {
    let used = Set(chains.flatMap(\.path))
    let enforced = Set(chains.flatMap(\.revocationLists) + lists)
    self.init(
      certificates: Self.ordered(Set(given.certificates).intersection(used), by: \.der),
      revocationLists: Self.ordered(Set(given.revocationLists).intersection(enforced), by: \.der),
      documents: Self.ordered(Set(given.documents).filter { documents.contains($0.digest) }, by: \.digest))
  }

  private static func ordered<T>(_ items: Set<T>, by bytes: (T) -> [UInt8]) -> [T] {
    items.sorted { bytes($0).lexicographicallyPrecedes(bytes($1)) }
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
