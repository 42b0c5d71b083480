package import Bytes
package import Evidence

/// A simulated SEV-SNP guest: every field of its report can be set, and it makes reports, certificates and evidence that
/// differ from real ones in the root key only. Nothing it says is true of any machine.
package struct SimulatedSNP: Sendable {
  package enum SigningKey: Sendable { case vcek, vlek }

  package var authority: SimulatedSNPAuthority
  /// Which key signs, and whose certificate goes along. `keyInfo` says so in the report unless it is set.
  package var signingKey = SigningKey.vcek
  package var version: UInt32 = 3
  package var guestSVN: UInt32 = 0
  package var policy: UInt64 = 0x30000
  package var familyID = [UInt8](repeating: 0, count: 16)
  package var imageID = [UInt8](repeating: 0, count: 16)
  package var vmpl: UInt32 = 0
  package var signatureAlgorithm: UInt32 = 1
  package var platformInfo: UInt64 = 0x25
  package var keyInfo: UInt32?
  package var measurement = [UInt8](repeating: 0x5A, count: 48)
  package var hostData = [UInt8](repeating: 0, count: 32)
  package var idKeyDigest = [UInt8](repeating: 0, count: 48)
  package var authorKeyDigest = [UInt8](repeating: 0, count: 48)
  package var reportID = [UInt8](repeating: 0x1D, count: 32)
  package var reportIDMA = [UInt8](repeating: 0xFF, count: 32)
  package var reportedTCB: TCBVersion.Components
  package var committedTCB: TCBVersion.Components
  package var currentTCB: TCBVersion.Components
  package var launchTCB: TCBVersion.Components
  package var cpu: CPUIdentity
  package var chipID: [UInt8]
  package var currentFirmware: [UInt8] = [0x1D, 0x37, 0x01]
  package var committedFirmware: [UInt8] = [0x1D, 0x37, 0x01]
  package var launchMitigations: UInt64 = 0
  package var currentMitigations: UInt64 = 0
  package var cspID = "CN=simulated.vouchsafe.invalid"
  /// Bytes put over the report before it is signed, by offset.
  package var signedPatches: [Int: [UInt8]] = [:]
  /// Bytes put over the report after it is signed, by offset.
  package var patches: [Int: [UInt8]] = [:]
  /// Changes the chip's certificate before it is signed.
  package var editVEK: @Sendable (inout SimulatedCertificate) -> Void = { _ in }

  package init(_ product: SNPProduct = .milan, keys: SimulatedKeys = .shared) {
    authority = SimulatedSNPAuthority(product, keys: keys)
    let tcb = TCBVersion.Components(
      fmc: product == .turin ? 1 : nil, bootLoader: 4, tee: 0, snp: 24, microcode: 219)
    reportedTCB = tcb
    committedTCB = tcb
    currentTCB = tcb
    launchTCB = tcb
    let significant = (0..<product.chipIDByteCount).map { UInt8(0xC0 + $0 % 16) }
    chipID = significant + [UInt8](repeating: 0, count: 64 - significant.count)
    cpu =
      switch product {
      case .milan: CPUIdentity(family: 0x19, model: 0x01, stepping: 0x01)
      case .genoa: CPUIdentity(family: 0x19, model: 0x11, stepping: 0x01)
      case .turin: CPUIdentity(family: 0x1A, model: 0x02, stepping: 0x01)
      }
  }

  /// All four TCB versions at once.
  package mutating func setTCB(_ tcb: TCBVersion.Components) {
    reportedTCB = tcb
    committedTCB = tcb
    currentTCB = tcb
    launchTCB = tcb
  }

  /// A guest under a versioned loaded key, on a host that hides its chip id.
  package mutating func useVLEK() {
    signingKey = .vlek
    chipID = [UInt8](repeating: 0, count: 64)
  }

  /// The 1184 bytes of a signed report.
  /// - Parameter reportData: at most 64 bytes, padded with zeros.
  package func report(reportData: [UInt8]) -> [UInt8] {
    precondition(reportData.count <= 64, "report data has 64 bytes")
    var report = body(reportData + [UInt8](repeating: 0, count: 64 - reportData.count))
    for (offset, bytes) in signedPatches { report.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    let key = signingKey == .vcek ? authority.keys.vcek : authority.keys.vlek
    let signature = Mint.sign(report, key: key)
    let padding = [UInt8](repeating: 0, count: 24)
    report += signature.prefix(48).reversed() + padding + signature.suffix(48).reversed() + padding
    report += [UInt8](repeating: 0, count: 368)
    for (offset, bytes) in patches { report.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    return report
  }

  private func body(_ reportData: [UInt8]) -> [UInt8] {
    var report = ByteWriter(reserving: SNPReport.byteCount)
    report.littleEndian(version)
    report.littleEndian(guestSVN)
    report.littleEndian(policy)
    report.append(familyID + imageID)
    report.littleEndian(vmpl)
    report.littleEndian(signatureAlgorithm)
    report.append(tcb(currentTCB))
    report.littleEndian(platformInfo)
    report.littleEndian(keyInfo ?? (signingKey == .vcek ? 0 : 1 << 2))
    report.zeros(4)
    report.append(reportData + measurement + hostData + idKeyDigest + authorKeyDigest + reportID + reportIDMA)
    report.append(tcb(reportedTCB))
    report.append(version >= 3 ? [cpu.family, cpu.model, cpu.stepping] : [0, 0, 0])
    report.zeros(21)
    report.append(chipID)
    report.append(tcb(committedTCB))
    report.append(currentFirmware + [0] + committedFirmware + [0])
    report.append(tcb(launchTCB))
    report.littleEndian(version >= 5 ? launchMitigations : 0)
    report.littleEndian(version >= 5 ? currentMitigations : 0)
    report.zeros(152)
    return report.bytes
  }

  private func tcb(_ components: TCBVersion.Components) -> [UInt8] {
    TCBVersion(components, layout: authority.product.layout).bytes
  }

  /// The certificate of the signing key before it is signed, after `editVEK`.
  package var vekTemplate: SimulatedCertificate {
    var template =
      switch signingKey {
      case .vcek: authority.vcekTemplate(chipID: chipID, tcb: reportedTCB)
      case .vlek: authority.vlekTemplate(cspID: cspID, tcb: reportedTCB)
      }
    editVEK(&template)
    return template
  }

  package var vek: [UInt8] { vekTemplate.der }
  /// The issuer of the signing key's certificate.
  package var intermediate: [UInt8] { signingKey == .vcek ? authority.ask : authority.asvk }

  /// The root, the intermediate and the signing key's certificate, as a host gives them.
  package var certificates: [CarriedCertificate] {
    [
      CarriedCertificate(kind: .ark, der: authority.ark), CarriedCertificate(kind: .ask, der: intermediate),
      CarriedCertificate(kind: signingKey == .vcek ? .vcek : .vlek, der: vek),
    ]
  }

  /// - Throws: `EvidenceError` when a knob made the report malformed.
  package func evidence(
    reportData: [UInt8], certificates: [CarriedCertificate]? = nil
  ) throws(EvidenceError) -> SNPEvidence {
    SNPEvidence(
      report: try SNPReport(report(reportData: reportData)), certificates: certificates ?? self.certificates)
  }

  /// The `primary_evidence` that a CoCo guest would send.
  package func kbsEvidence(
    reportData: [UInt8], certificates: [CarriedCertificate]? = nil
  ) throws(EvidenceError) -> JSONValue {
    try evidence(reportData: reportData, certificates: certificates).kbsJSON
  }
}
