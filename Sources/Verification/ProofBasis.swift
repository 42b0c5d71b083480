import Bytes
package import Cryptography

/// The carriers, beside the evidence itself, that a proof rests on. With these alone and at the same time, the same
/// evidence is proved again and states the same: what need be kept to repeat a verdict years later.
///
/// Sorted out when it is asked for: most verdicts are never kept.
package struct ProofBasis: Sendable {
  private let chains: [VerifiedChain]
  private let lists: [CertificateRevocationList]
  private let digests: Set<[UInt8]>
  private let given: Endorsements

  package static let none = ProofBasis([], lists: [], documents: [], of: .none)

  /// Those of `chains` and `documents` that came from `endorsements`: what the evidence carries need not be kept twice.
  init(_ chains: [VerifiedChain], lists: [CertificateRevocationList], documents: Set<[UInt8]>, of given: Endorsements) {
    self.chains = chains
    self.lists = lists
    digests = documents
    self.given = given
  }

  package var certificates: [Certificate] {
    Self.ordered(Set(given.certificates).intersection(chains.flatMap(\.path)), by: \.der)
  }

  package var revocationLists: [CertificateRevocationList] {
    Self.ordered(Set(given.revocationLists).intersection(chains.flatMap(\.revocationLists) + lists), by: \.der)
  }

  package var documents: [IntelDocument] {
    Self.ordered(Set(given.documents).filter { digests.contains($0.digest) }, by: \.digest)
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

extension ProofBasis: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.certificates == right.certificates && left.revocationLists == right.revocationLists
      && left.documents == right.documents
  }
}
