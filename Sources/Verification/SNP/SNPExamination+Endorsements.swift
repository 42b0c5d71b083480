import Bytes
import Cryptography
import Evidence

// Which of the certificates at hand are the ones this report needs. Choosing decides nothing: whatever is chosen is
// checked afterwards, and a wrong choice can refuse but not accept.
extension SNPExamination {
  /// No honest host sends more; more would only buy work.
  private static let candidateLimit = 8

  mutating func findEndorsements() throws(Refusal) -> Outcome {
    if let proved = provedBefore {
      known = proved
      vek = proved.vek
      return passed("\(proved.vek.kind.rawValue) and its issuer found, proved before")
    }
    let own = try carriedCertificates()
    revocationLists = endorsements.revocationLists + (try carriedRevocationLists())
    let chosen = try choose(own: own)
    vek = chosen
    let issuers = (own + endorsements.certificates).filter { $0.subject == chosen.certificate.issuer }
    intermediates = Array(Set(issuers)).sorted { $0.der.lexicographicallyPrecedes($1.der) }
    guard !intermediates.isEmpty else {
      throw Refusal(
        .collateralMissing, "intermediate", wanted: chosen.certificate.issuer.commonName ?? "")
    }
    return passed("\(chosen.kind.rawValue) and its issuer found")
  }

  /// Certificates that came with the evidence. A carried root is not even parsed.
  private func carriedCertificates() throws(Refusal) -> [Certificate] {
    var certificates: [Certificate] = []
    for item in evidence.certificates where [.vcek, .vlek, .ask].contains(item.kind) {
      guard let certificate = try? Certificate(der: item.der) else {
        throw Refusal(.certificateMalformed, "certificate")
      }
      certificates.append(certificate)
    }
    return certificates
  }

  private func carriedRevocationLists() throws(Refusal) -> [CertificateRevocationList] {
    var lists: [CertificateRevocationList] = []
    for item in evidence.certificates where item.kind == .crl {
      guard let list = try? CertificateRevocationList(der: item.der) else {
        throw Refusal(.revocationListInvalid, "revocationList")
      }
      lists.append(list)
    }
    return lists
  }

  /// The certificate of the key that signed: one that fits the report in every field; else the one the evidence brought,
  /// or the only one there is, whose misfit the next checks name.
  private mutating func choose(own: [Certificate]) throws(Refusal) -> VEKCertificate {
    let carried = own.compactMap(Self.candidate)
    let given = endorsements.certificates.compactMap(Self.candidate)
    let fitting = (carried + given).compactMap { try? VEKCertificate($0.certificate, kind: $0.kind) }.filter(fits)
    if let first = fitting.first {
      isOnlyChoice = fitting.allSatisfy { $0.certificate == first.certificate }
      guard !isOnlyChoice else { return first }
      let signers = fitting.prefix(Self.candidateLimit).filter(isSigned)
      return signers.first { isValidNow($0.certificate) } ?? signers.first ?? first
    }
    guard let offered = carried.first ?? (given.count == 1 ? given[0] : nil) else {
      throw Refusal(.collateralMissing, "vek", wanted: wantedVEK)
    }
    return try VEKCertificate(offered.certificate, kind: offered.kind)
  }

  private static func candidate(
    _ certificate: Certificate
  ) -> (certificate: Certificate, kind: SNPClaims.SigningKey)? {
    VEKCertificate.kind(of: certificate).map { (certificate, $0) }
  }

  private func fits(_ vek: VEKCertificate) -> Bool {
    guard vek.kind == reportedKind, report.cpu.map({ SNPProduct($0) == vek.product }) ?? true,
      report.reportedTCB.components(vek.product.layout) == vek.tcb
    else { return false }
    return vek.hardwareID.map(matchesChip) ?? true
  }

  func isValidNow(_ certificate: Certificate) -> Bool {
    certificate.notBefore <= now && now < certificate.notAfter
  }

  /// What to fetch, for people.
  private var wantedVEK: String {
    let kind = reportedKind?.rawValue ?? "VCEK"
    let product = report.cpu.flatMap { SNPProduct($0) }
    let layout = product?.layout ?? .family19
    let tcb = report.reportedTCB.components(layout).text
    let chip = kind == "VCEK" ? " for chip \(Hex.encode(report.chipID.prefix(product?.chipIDByteCount ?? 64)))" : ""
    return "\(kind) of \(product?.rawValue ?? "the product")\(chip) at TCB \(tcb)"
  }
}
