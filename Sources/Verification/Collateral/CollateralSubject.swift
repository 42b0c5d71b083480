import Bytes
package import Cryptography
package import Evidence

/// The two authorities of Intel that certify platforms.
package enum IntelPlatformAuthority: String, Sendable, Hashable, CaseIterable {
  case platform, processor

  var commonName: String {
    switch self {
    case .platform: "Intel SGX PCK Platform CA"
    case .processor: "Intel SGX PCK Processor CA"
    }
  }
}

/// What an artefact says it is, and whose. Unverified: anybody can write these words.
package enum CollateralSubject: Sendable, Hashable {
  /// `id` is Intel's word for the technology: `TDX` or `SGX`.
  case tcbInfo(id: String, fmspc: [UInt8])
  /// `id` is Intel's word for the enclave: `TD_QE` or `QE`.
  case enclaveIdentity(id: String)
  /// A document that is Intel's by its form and cannot be read.
  case malformedDocument(String)

  case intelRoot, intelSigner
  case intelAuthority(IntelPlatformAuthority)
  case intelPlatform(fmspc: [UInt8])
  case intelRootRevocationList
  case intelRevocationList(IntelPlatformAuthority)

  case amdRoot(SNPProduct)
  case amdIntermediate(SNPProduct, SNPClaims.SigningKey)
  case amdVCEK(SNPProduct, chipID: [UInt8], TCBVersion.Components)
  case amdVLEK(SNPProduct, TCBVersion.Components)
  case amdRevocationList(SNPProduct)

  /// `product` is NVIDIA's word: `GH100`, `LS10`; `edition` is `GPU` or `SWITCH`.
  case nvidiaManifest(product: String, edition: String, version: String)
  case malformedManifest(String)
  /// A responder's, of this certificate.
  case revocationAnswer(CertificateID)

  case otherCertificate, otherRevocationList
}

extension CollateralArtefact {
  package var subject: CollateralSubject {
    switch self {
    case .document(let document): document.subject
    case .certificate(let certificate): certificate.collateralSubject
    case .revocationList(let list): list.collateralSubject
    case .manifest(let document): document.subject
    case .answer(let answer): .revocationAnswer(answer.certificateID)
    }
  }
}

extension ManifestDocument {
  fileprivate var subject: CollateralSubject {
    switch content {
    case .manifest(let manifest):
      .nvidiaManifest(product: manifest.product, edition: manifest.edition, version: manifest.version)
    case .malformed(let error): .malformedManifest(error.field)
    }
  }
}

extension IntelDocument {
  fileprivate var subject: CollateralSubject {
    switch content {
    case .tcbInfo(let info): return .tcbInfo(id: "TDX", fmspc: info.fmspc)
    case .identity: return .enclaveIdentity(id: "TD_QE")
    case .malformed(let error): return .malformedDocument(error.field)
    case .otherID(let id):
      if kind == .identity { return .enclaveIdentity(id: id) }
      guard let fmspc = heading?.fmspc else { return .malformedDocument("tcbInfo.fmspc") }
      return .tcbInfo(id: id, fmspc: fmspc)
    }
  }
}

extension Certificate {
  /// By subject and issuer, and by the vendor's extensions where it has any.
  fileprivate var collateralSubject: CollateralSubject {
    let (name, issuerName) = (subject.commonName ?? "", issuer.commonName ?? "")
    switch name {
    case IntelRoot.trust.name: return .intelRoot
    case CollateralProver.signerName: return .intelSigner
    case PCKCertificate.commonName:
      return (try? PCKCertificate(self)).map { .intelPlatform(fmspc: $0.fmspc) } ?? .otherCertificate
    default: break
    }
    if let authority = IntelPlatformAuthority.allCases.first(where: { $0.commonName == name }) {
      return .intelAuthority(authority)
    }
    for product in SNPProduct.allCases {
      if name == "ARK-\(product.rawValue)" { return .amdRoot(product) }
      guard issuerName == "ARK-\(product.rawValue)" else { continue }
      if name == "SEV-\(product.rawValue)" { return .amdIntermediate(product, .vcek) }
      if name == "SEV-VLEK-\(product.rawValue)" { return .amdIntermediate(product, .vlek) }
    }
    return endorsementKey ?? .otherCertificate
  }

  private var endorsementKey: CollateralSubject? {
    guard let kind = VEKCertificate.kind(of: self), let vek = try? VEKCertificate(self, kind: kind) else { return nil }
    switch kind {
    case .vcek: return .amdVCEK(vek.product, chipID: vek.hardwareID ?? [], vek.tcb)
    case .vlek: return .amdVLEK(vek.product, vek.tcb)
    }
  }
}

extension CertificateRevocationList {
  fileprivate var collateralSubject: CollateralSubject {
    let name = issuer.commonName ?? ""
    if name == IntelRoot.trust.name { return .intelRootRevocationList }
    if let authority = IntelPlatformAuthority.allCases.first(where: { $0.commonName == name }) {
      return .intelRevocationList(authority)
    }
    let product = SNPProduct.allCases.first { name == "ARK-\($0.rawValue)" }
    return product.map { .amdRevocationList($0) } ?? .otherRevocationList
  }
}
