package import Cryptography
package import Evidence
package import Verification

extension CollateralKey {
  /// What it takes to judge this evidence, beside what it brought along. Unverified, so it is for asking and for nothing
  /// else: a stranger chooses the platform that is asked about.
  package static func wanted(by evidence: UnverifiedEvidence) -> [CollateralKey] {
    switch evidence {
    case .tdx(let tdx): wanted(by: tdx.quote)
    case .snp(let snp): wanted(by: snp)
    case .nvidia(let nvidia): wanted(by: nvidia)
    }
  }

  /// Who issued what responders are asked about: their answers are followed to a root by these. Unverified.
  package static func issuers(in evidence: UnverifiedEvidence) -> [Certificate] {
    guard case .nvidia(let nvidia) = evidence else { return [] }
    return distinct(nvidia.devices.flatMap { RevocationQuestions($0).issuers })
  }

  /// Who issued the certificates of those who signed manifests. Unverified.
  package static func issuers(of manifests: [ManifestDocument]) -> [Certificate] {
    distinct(manifests.flatMap { RevocationQuestions($0).issuers })
  }

  /// What it takes to clear who signed a manifest.
  package static func wanted(by manifest: ManifestDocument) -> [CollateralKey] {
    RevocationQuestions(manifest).certificates.compactMap { nvidiaAnswer(about: $0) }
  }

  /// Manifests by the versions that devices state, and answers about the certificates that they send. Who signed the
  /// manifests shows only when they are there.
  private static func wanted(by evidence: NVIDIAEvidence) -> [CollateralKey] {
    distinct(
      evidence.devices.flatMap { device in
        let questions = RevocationQuestions(device).certificates
        guard !questions.isEmpty else { return [CollateralKey]() }
        return ManifestID.wanted(by: device).map { .nvidiaManifest($0) }
          + questions.compactMap { nvidiaAnswer(about: $0) }
      })
  }

  private static func distinct<T: Hashable>(_ list: [T]) -> [T] {
    var seen = Set<T>()
    return list.filter { seen.insert($0).inserted }
  }

  private static func wanted(by quote: TDXQuote) -> [CollateralKey] {
    guard let platform = QuotedPlatform(quote) else { return [] }
    return [
      .intelTCBInfo(tee: .tdx, fmspc: platform.fmspc), .intelQEIdentity(tee: .tdx),
      .intelPCKRevocationList(platform.authority), .intelRootRevocationList,
    ]
  }

  private static func wanted(by evidence: SNPEvidence) -> [CollateralKey] {
    let report = evidence.report
    guard let kind = AMDKeyKind(report.signingKey) else { return [] }
    let carried = CarriedEndorsements(evidence).subjects
    return products(of: report, carried).flatMap { product in
      var keys: [CollateralKey] = []
      if !carried.contains(.amdIntermediate(product, kind.signingKey)) {
        keys.append(.amdCertificateChain(product, kind))
      }
      if kind == .vcek, !report.isChipIDMasked, !carried.contains(where: \.isVCEK) {
        keys.append(
          .amdVCEK(
            product, chipID: Array(report.chipID.prefix(product.chipIDByteCount)),
            tcb: report.reportedTCB.components(product.layout)))
      }
      return keys + [.amdRevocationList(product, kind)]
    }
  }

  /// A report without CPUID leaves the product to its certificate; without that it is one of two.
  private static func products(of report: SNPReport, _ carried: [CollateralSubject]) -> [SNPProduct] {
    if let cpu = report.cpu { return SNPProduct(cpu).map { [$0] } ?? [] }
    for subject in carried {
      switch subject {
      case .amdVCEK(let product, _, _), .amdVLEK(let product, _): return [product]
      default: continue
      }
    }
    return [.milan, .genoa]
  }
}

extension CollateralSubject {
  fileprivate var isVCEK: Bool { if case .amdVCEK = self { true } else { false } }
}

extension CollateralKey.AMDKeyKind {
  fileprivate init?(_ key: SNPReport.SigningKey) {
    switch key {
    case .vcek: self = .vcek
    case .vlek: self = .vlek
    case .none, .reserved: return nil
    }
  }

  var signingKey: SNPClaims.SigningKey {
    switch self {
    case .vcek: .vcek
    case .vlek: .vlek
    }
  }
}
