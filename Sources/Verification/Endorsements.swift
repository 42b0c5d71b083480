package import Bytes
package import Cryptography

/// Certificates, revocation lists and signed documents from a cache or a folder. Carriers only: nothing here is believed
/// before `verify` has followed it to an anchor, or has found that `proving` did.
package struct Endorsements: Sendable {
  package let certificates: [Certificate]
  package let revocationLists: [CertificateRevocationList]
  package let documents: [IntelDocument]
  package let manifests: [ManifestDocument]
  package let answers: [RevocationAnswer]
  /// What was proved before, with these very carriers.
  var proved = ProvedEndorsements()

  package static let none = Endorsements()

  package init(
    certificates: [Certificate] = [], revocationLists: [CertificateRevocationList] = [],
    documents: [IntelDocument] = [], manifests: [ManifestDocument] = [], answers: [RevocationAnswer] = []
  ) {
    self.certificates = certificates
    self.revocationLists = revocationLists
    self.documents = documents
    self.manifests = manifests
    self.answers = answers
  }

  package init(_ artefacts: [CollateralArtefact]) {
    self.init(
      certificates: artefacts.compactMap { if case .certificate(let item) = $0 { item } else { nil } },
      revocationLists: artefacts.compactMap { if case .revocationList(let item) = $0 { item } else { nil } },
      documents: artefacts.compactMap { if case .document(let item) = $0 { item } else { nil } },
      manifests: artefacts.compactMap { if case .manifest(let item) = $0 { item } else { nil } },
      answers: artefacts.compactMap { if case .answer(let item) = $0 { item } else { nil } })
  }

  /// Sorts artefacts by what they are, never by what they are called. What is nothing known is left out.
  package init(recognising artefacts: [[UInt8]]) { self.init(artefacts.flatMap { CollateralArtefact.all(in: $0) }) }

  /// The same carriers, with every document proved that can be at `now`: quotes judged with them need not prove it again
  /// while its dates last.
  ///
  /// - Parameter known: what was proved before with the same revocation lists, which is not proved again.
  package func proving(anchors: Anchors, at now: Timestamp, knowing known: Endorsements = .none) -> Endorsements {
    var copy = self
    let prover = CollateralProver(self, anchors: anchors)
    for document in documents {
      if let proof = known.proved.documents[document.digest], proof.isValid(at: now, anchors) {
        copy.proved.documents[document.digest] = proof
        continue
      }
      guard let proof = try? prover.prove(document, at: .now(now)) else { continue }
      copy.proved.documents[document.digest] = proof
    }
    copy.proved.manifests = provedManifests(anchors: anchors, at: now)
    return copy
  }

  /// The same carriers, and a platform that was proved with their lists. One that was proved with others is not taken.
  package func adding(_ platform: ProvedPlatform) -> Endorsements {
    guard platform.path.wasProved(with: revocationLists) else { return self }
    var copy = self
    copy.proved.platforms[platform.digest] = platform
    return copy
  }

  /// What speaks of a platform and what speaks of its devices, with all that is proved of either: a platform that was
  /// proved without a list of the other's is proved again.
  package func joining(_ other: Endorsements) -> Endorsements {
    func join<T: Hashable>(_ left: [T], _ right: [T]) -> [T] {
      let known = Set(left)
      return left + right.filter { !known.contains($0) }
    }
    var joined = Endorsements(
      certificates: join(certificates, other.certificates),
      revocationLists: join(revocationLists, other.revocationLists), documents: join(documents, other.documents),
      manifests: join(manifests, other.manifests), answers: join(answers, other.answers))
    joined.proved = proved.joining(other.proved)
    joined.proved.platforms = joined.proved.platforms.filter {
      $0.value.path.wasProved(with: joined.revocationLists)
    }
    return joined
  }
}

/// What need not be proved again, by digest.
struct ProvedEndorsements: Sendable {
  /// The certificate that signed a document, followed to an anchor.
  var documents: [[UInt8]: ProvedPath] = [:]
  var platforms: [[UInt8]: ProvedPlatform] = [:]
  /// With the answers that clear their signers.
  var manifests: [[UInt8]: ProvedManifest] = [:]
  /// By digest of the certificates as devices send them.
  var devices: [[UInt8]: ProvedDevice] = [:]

  func joining(_ other: ProvedEndorsements) -> ProvedEndorsements {
    ProvedEndorsements(
      documents: documents.merging(other.documents) { own, _ in own },
      platforms: platforms.merging(other.platforms) { own, _ in own },
      manifests: manifests.merging(other.manifests) { own, _ in own },
      devices: devices.merging(other.devices) { own, _ in own })
  }
}

/// The oldest evaluations of a vendor's TCB that still count: what a policy asks for, and what was seen before, because a
/// newer evaluation exists from then on.
package struct EvaluationFloors: Sendable, Equatable {
  package var minimum: UInt32
  /// By family of platforms (FMSPC).
  package var seen: [[UInt8]: UInt32]
  /// The newest document and list of each kind that was ever proved.
  package var newest: [CollateralMark: CollateralAge]

  package static let none = EvaluationFloors()

  package init(
    minimum: UInt32 = 0, seen: [[UInt8]: UInt32] = [:], newest: [CollateralMark: CollateralAge] = [:]
  ) {
    self.minimum = minimum
    self.seen = seen
    self.newest = newest
  }

  func floor(_ fmspc: [UInt8]) -> UInt32 { max(minimum, seen[fmspc] ?? 0) }
}
