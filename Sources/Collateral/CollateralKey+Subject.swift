package import Verification

extension CollateralKey {
  /// Whether an artefact that says this of itself is the one that the key names.
  package func isAnswered(by subject: CollateralSubject) -> Bool {
    switch (self, subject) {
    case (.intelTCBInfo(let tee, let fmspc), .tcbInfo(let id, let found)): id == tee.tcbID && found == fmspc
    case (.intelQEIdentity(let tee), .enclaveIdentity(let id)): id == tee.enclaveID
    case (.intelPCKRevocationList(let authority), .intelRevocationList(let found)): authority == found
    case (.intelRootRevocationList, .intelRootRevocationList): true
    case (.amdCertificateChain(let product, let kind), .amdIntermediate(let found, let key)):
      product == found && kind.signingKey == key
    case (.amdVCEK(let product, let chipID, let tcb), .amdVCEK(let found, let chip, let level)):
      product == found && chipID == chip && tcb == level
    case (.amdRevocationList(let product, _), .amdRevocationList(let found)): product == found
    case (.nvidiaManifest(let id), .nvidiaManifest(let product, let edition, let version)):
      id.names(product: product, edition: edition, version: version)
    case (.nvidiaAnswer(let id), .revocationAnswer(let found)): id == found
    default: false
    }
  }

  /// The key that an artefact answers; `nil` for one that comes along with others.
  package init?(_ subject: CollateralSubject) {
    switch subject {
    case .tcbInfo(let id, let fmspc):
      guard let tee = IntelTEE.allCases.first(where: { $0.tcbID == id }) else { return nil }
      self = .intelTCBInfo(tee: tee, fmspc: fmspc)
    case .enclaveIdentity(let id):
      guard let tee = IntelTEE.allCases.first(where: { $0.enclaveID == id }) else { return nil }
      self = .intelQEIdentity(tee: tee)
    case .intelRevocationList(let authority): self = .intelPCKRevocationList(authority)
    case .intelRootRevocationList: self = .intelRootRevocationList
    case .amdIntermediate(let product, .vcek): self = .amdCertificateChain(product, .vcek)
    case .amdIntermediate(let product, .vlek): self = .amdCertificateChain(product, .vlek)
    case .amdVCEK(let product, let chipID, let tcb): self = .amdVCEK(product, chipID: chipID, tcb: tcb)
    case .amdRevocationList(let product): self = .amdRevocationList(product, .vcek)
    case .nvidiaManifest(let product, let edition, let version):
      guard let id = ManifestID(product: product, edition: edition, version: version) else { return nil }
      self = .nvidiaManifest(id)
    case .revocationAnswer(let id):
      guard let key = Self.nvidiaAnswer(about: id) else { return nil }
      self = key
    case .malformedDocument, .intelRoot, .intelSigner, .intelAuthority, .intelPlatform, .amdRoot, .amdVLEK,
      .otherCertificate, .otherRevocationList, .malformedManifest:
      return nil
    }
  }
}

extension CollateralKey.IntelTEE {
  /// Intel's word in a TCB info.
  fileprivate var tcbID: String {
    switch self {
    case .tdx: "TDX"
    case .sgx: "SGX"
    }
  }

  /// Intel's word in an enclave's identity.
  fileprivate var enclaveID: String {
    switch self {
    case .tdx: "TD_QE"
    case .sgx: "QE"
    }
  }
}

extension CollateralKey {
  /// AMD hands out one list, of the root, under two names.
  var withTwins: [CollateralKey] {
    guard case .amdRevocationList(let product, _) = self else { return [self] }
    return AMDKeyKind.allCases.map { .amdRevocationList(product, $0) }
  }

  /// What it takes to prove this one, and does not come along with it.
  package var proofNeeds: CollateralKey? {
    if case .amdVCEK(let product, _, _) = self { .amdCertificateChain(product, .vcek) } else { nil }
  }
}
