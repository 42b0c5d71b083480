import Bytes
import Cryptography
import Evidence

// Who signed a list or a certificate: an anchor, or an authority that an anchor signed and that is at hand.
extension CollateralExamination {
  /// A key that was followed to an anchor.
  struct Issuer {
    let key: VerifyingKey
    /// The issuer's own certificate; empty when it is the anchor.
    let path: [Certificate]
    let anchor: Anchor
  }

  /// No honest folder holds more authorities of one name.
  private static let candidateLimit = 8

  static func vendor(
    of subject: CollateralSubject
  ) throws(Refusal) -> (tee: TEE, product: String?, rule: ChainProfile.Signature) {
    switch subject {
    case .tcbInfo, .enclaveIdentity, .malformedDocument, .intelRoot, .intelSigner, .intelAuthority, .intelPlatform,
      .intelRootRevocationList, .intelRevocationList:
      return (.tdx, nil, ChainProfile.intelPCK.signature)
    case .amdRoot(let product), .amdIntermediate(let product, _), .amdVCEK(let product, _, _),
      .amdVLEK(let product, _), .amdRevocationList(let product):
      return (.snp, product.rawValue, ChainProfile.amd.signature)
    case .nvidiaManifest, .malformedManifest, .revocationAnswer:
      throw Refusal(.chainUntrusted, "artefact", got: "proved with the evidence of its devices only")
    case .otherCertificate: throw Refusal(.chainUntrusted, "certificate", got: "of no vendor that is known")
    case .otherRevocationList: throw Refusal(.chainUntrusted, "revocationList", got: "of no vendor that is known")
    }
  }

  func anchor(of name: DistinguishedName, _ tee: TEE, _ product: String?) -> Anchor? {
    anchors.all.first { $0.tee == tee && (product == nil || $0.product == product) && $0.trust.subject == name.der }
  }

  func issuer(
    of name: DistinguishedName, _ tee: TEE, _ product: String?, _ rule: ChainProfile.Signature
  ) throws(Refusal) -> Issuer {
    let label = name.commonName ?? "issuer"
    if let anchor = anchor(of: name, tee, product) {
      guard let key = anchor.publicKey else { throw Refusal(.chainUntrusted, label) }
      return Issuer(key: key, path: [], anchor: anchor)
    }
    let named = Set(carriers.certificates.filter { $0.subject == name && $0.isCA })
    let candidates = named.sorted { $0.notBefore > $1.notBefore }.prefix(Self.candidateLimit)
    guard !candidates.isEmpty else {
      // Without the authority nobody can say whether the name is all there is.
      throw Refusal(.collateralMissing, label, wanted: "the certificate \(label)")
    }
    for candidate in candidates {
      guard let anchor = anchor(of: candidate.issuer, tee, product), let root = anchor.publicKey,
        SignedDER(candidate.der)?.isSigned(by: root, rule) ?? false, let key = candidate.publicKey
      else { continue }
      return Issuer(key: key, path: [candidate], anchor: anchor)
    }
    throw Refusal(.chainUntrusted, label)
  }
}

extension Anchor {
  var publicKey: VerifyingKey? { try? VerifyingKey(subjectPublicKeyInfo: trust.subjectPublicKeyInfo) }
}
