package import Evidence
import Verification

extension CollateralKey {
  /// What it takes to judge this evidence, beside what it brought along. Unverified, so it is for asking and for nothing
  /// else: a stranger chooses the platform that is asked about.
  package static func wanted(by evidence: UnverifiedEvidence) -> [CollateralKey] {
    switch evidence {
    case .tdx(let tdx): wanted(by: tdx.quote)
    case .snp(let snp): wanted(by: snp)
    // Manifests and answers of NVIDIA are kept in a folder; nothing asks for them yet.
    case .nvidia: []
    }
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
