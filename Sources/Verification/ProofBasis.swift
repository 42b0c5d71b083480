import Bytes
package import Cryptography

/// The carriers, beside the evidence itself, that a proof rests on. With these alone and at the same time, the same
/// evidence is proved again and states the same: what need be kept to repeat a verdict years later.
package struct ProofBasis: Sendable, Equatable {
  package let certificates: [Certificate]
  package let revocationLists: [CertificateRevocationList]
  package let documents: [IntelDocument]

  package static let none = ProofBasis(certificates: [], revocationLists: [], documents: [])

  init(certificates: [Certificate], revocationLists: [CertificateRevocationList], documents: [IntelDocument]) {
    self.certificates = certificates
    self.revocationLists = revocationLists
    self.documents = documents
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
    Endorsements(certificates: certificates, revocationLists: revocationLists, documents: documents)
  }

  /// One carrier as it is stored: recognised again as the same.
  package struct Artefact: Sendable, Equatable {
    /// `certificate`, `crl`, `tcbInfo` or `enclaveIdentity`.
    package let kind: String
    package let bytes: [UInt8]
  }

  package var artefacts: [Artefact] {
    certificates.map { Artefact(kind: "certificate", bytes: $0.der) }
      + revocationLists.map { Artefact(kind: "crl", bytes: $0.der) }
      + documents.map { Artefact(kind: $0.kind.rawValue, bytes: $0.pcsBytes) }
  }
}
