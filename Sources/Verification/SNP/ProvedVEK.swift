import Bytes
import Cryptography
import Evidence

/// The certificate of a report's signing key with the path to its anchor. Proved for the evidence that `digest` covers.
struct ProvedVEK: Sendable {
  let vek: VEKCertificate
  let path: ProvedPath
  /// The lists that were enforced, the oldest first.
  let enforced: [CertificateRevocationList]

  /// Covers all that the choice of a certificate rests on: key, processor, chip and TCB that the report names, and the
  /// certificates that came with it and that a path may be made of.
  static func digest(of evidence: SNPEvidence) -> [UInt8] {
    let report = evidence.report
    var text = ByteWriter()
    text.lengthPrefixed("vouchsafe/platform/snp")
    text.littleEndian(report.keyInfo)
    text.append(report.cpu.map { [1, $0.family, $0.model, $0.stepping] } ?? [0, 0, 0, 0])
    text.littleEndian(report.reportedTCB.raw)
    text.lengthPrefixed(report.chipID)
    for certificate in evidence.certificates {
      guard let kind = [CarriedCertificate.Kind.ask, .vcek, .vlek].firstIndex(of: certificate.kind) else { continue }
      text.append(byte: UInt8(kind))
      text.lengthPrefixed(certificate.der)
    }
    return Hash.sha256.digest(text.bytes)
  }
}

extension SNPExamination {
  /// What was proved before for this choice, while its dates last. Lists that came with the evidence are asked each time.
  var provedBefore: ProvedVEK? {
    guard !hasCarriedLists, !endorsements.proved.platforms.isEmpty,
      case .snp(let known) = endorsements.proved.platforms[ProvedVEK.digest(of: evidence)]?.proof,
      known.path.isValid(at: now, anchors), known.path.chain.path.allSatisfy(isAtHand)
    else { return nil }
    return known
  }

  /// What a proof rests on has to be there to be kept with the verdict.
  private func isAtHand(_ certificate: Certificate) -> Bool {
    evidence.certificates.contains { $0.der == certificate.der } || endorsements.certificates.contains(certificate)
  }

  private var hasCarriedLists: Bool { evidence.certificates.contains { $0.kind == .crl } }

  /// Runs the checks that concern the certificate alone; `nil` when one refuses, and when more than one certificate could
  /// have signed: then only the signature tells.
  mutating func proveKey() -> ProvedVEK? {
    guard !hasCarriedLists else { return nil }
    for (name, check) in Self.checks.prefix(while: { $0.name != .signature }) where name != .reportData {
      guard let outcome = try? check(&self), outcome != .notReached else { return nil }
    }
    guard isOnlyChoice, let vek, let found else { return nil }
    let path = ProvedPath(found.chain, found.anchor, enforced: enforced, offered: endorsements.revocationLists)
    return ProvedVEK(vek: vek, path: path, enforced: enforced)
  }
}
