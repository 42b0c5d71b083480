package import Bytes
package import Evidence

/// The statements of a proved SEV-SNP report and of the certificate of its key.
package struct SNPClaims: Sendable, Equatable {
  package enum SigningKey: String, Sendable, Hashable { case vcek = "VCEK", vlek = "VLEK" }

  /// What is known about the revocation of the intermediate key.
  package enum Revocation: Sendable, Hashable {
    /// Not listed; the oldest of the lists is of this time.
    case checked(thisUpdate: Timestamp)
    /// No list was there to ask.
    case unavailable
  }

  package struct TCB: Sendable, Hashable {
    package let reported: TCBVersion.Components
    package let committed: TCBVersion.Components
    package let current: TCBVersion.Components
    package let launch: TCBVersion.Components
  }

  package let product: SNPProduct
  package let cpu: CPUIdentity?
  package let reportVersion: UInt32
  package let measurement: [UInt8]
  package let hostData: [UInt8]
  package let reportData: [UInt8]
  package let policy: GuestPolicy
  package let platformInfo: PlatformInfo
  package let vmpl: UInt32
  package let guestSVN: UInt32
  package let tcb: TCB
  package let signingKey: SigningKey
  /// All zero when the host hides it.
  package let chipID: [UInt8]
  /// The cloud that a VLEK was made for.
  package let cspID: String?
  package let familyID: [UInt8]
  package let imageID: [UInt8]
  package let idKeyDigest: [UInt8]
  package let authorKeyDigest: [UInt8]
  package let isAuthorKeyEnabled: Bool
  package let reportID: [UInt8]
  package let currentFirmware: SNPReport.FirmwareVersion
  package let committedFirmware: SNPReport.FirmwareVersion
  /// From report version 5 on.
  package let launchMitigations: UInt64?
  package let currentMitigations: UInt64?
  package let revocation: Revocation
  /// SHA-256 of the certificate of the signing key.
  package let certificateDigest: [UInt8]
  /// When the first of the certificates and lists that this rests on runs out: no longer good at that time.
  package let validUntil: Timestamp

  init(_ report: SNPReport, _ proof: SNPProof) {
    let layout = proof.vek.product.layout
    product = proof.vek.product
    cpu = report.cpu
    reportVersion = report.version
    measurement = report.measurement
    hostData = report.hostData
    reportData = report.reportData
    policy = report.policy
    platformInfo = report.platformInfo
    vmpl = report.vmpl
    guestSVN = report.guestSVN
    tcb = TCB(
      reported: report.reportedTCB.components(layout), committed: report.committedTCB.components(layout),
      current: report.currentTCB.components(layout), launch: report.launchTCB.components(layout))
    signingKey = proof.vek.kind
    chipID = report.chipID
    cspID = proof.vek.cspID
    familyID = report.familyID
    imageID = report.imageID
    idKeyDigest = report.idKeyDigest
    authorKeyDigest = report.authorKeyDigest
    isAuthorKeyEnabled = report.isAuthorKeyEnabled
    reportID = report.reportID
    currentFirmware = report.currentFirmware
    committedFirmware = report.committedFirmware
    launchMitigations = report.launchMitigations
    currentMitigations = report.currentMitigations
    revocation = proof.revocation
    certificateDigest = proof.vek.certificateDigest
    validUntil = proof.validUntil
  }
}
