import Bytes
import CEvidence

/// One SEV-SNP attestation report: well-formed, unverified.
///
/// Shape: 1184 bytes, versions 2 to 5. The bytes are kept as received, because the signature covers them and not any
/// reading of them. Spec: SEV-SNP Firmware ABI, ATTESTATION_REPORT.
package struct SNPReport: Sendable, Equatable {
  package static let byteCount = Int(SNP_REPORT_SIZE)

  /// Which key the firmware says it signed with.
  package enum SigningKey: Sendable, Hashable {
    case vcek, vlek, none
    case reserved(UInt8)
  }

  /// A firmware version, as `major.minor` and build.
  package struct FirmwareVersion: Sendable, Hashable {
    package let major: UInt8
    package let minor: UInt8
    package let build: UInt8
  }

  package let bytes: [UInt8]
  package let version: UInt32
  package let guestSVN: UInt32
  package let policy: GuestPolicy
  package let familyID: [UInt8]
  package let imageID: [UInt8]
  /// 0 to 3, or 0xFFFFFFFF when the host asked for the report.
  package let vmpl: UInt32
  package let currentTCB: TCBVersion
  package let platformInfo: PlatformInfo
  package let keyInfo: UInt32
  package let reportData: [UInt8]
  package let measurement: [UInt8]
  package let hostData: [UInt8]
  package let idKeyDigest: [UInt8]
  package let authorKeyDigest: [UInt8]
  package let reportID: [UInt8]
  package let reportIDMA: [UInt8]
  package let reportedTCB: TCBVersion
  /// From version 3 on.
  package let cpu: CPUIdentity?
  package let chipID: [UInt8]
  package let committedTCB: TCBVersion
  package let currentFirmware: FirmwareVersion
  package let committedFirmware: FirmwareVersion
  package let launchTCB: TCBVersion
  /// From version 5 on.
  package let launchMitigations: UInt64?
  package let currentMitigations: UInt64?
  /// r ‖ s, 48 bytes each, big-endian (the report holds them little-endian).
  package let signature: [UInt8]

  /// - Throws: `EvidenceError.malformed` naming the field, `.unsupportedVersion`, `.unsigned`.
  package init(_ bytes: [UInt8]) throws(EvidenceError) {
    var found = snp_report()
    let refusal = unsafe bytes.withUnsafeBufferPointer {
      unsafe snp_report_find($0.baseAddress, $0.count, &found)
    }
    if let error = EvidenceError(refusal, version: found.version) { throw error }
    func slice(_ range: evidence_range) -> [UInt8] {
      Array(bytes[Int(range.offset)..<Int(range.offset + range.length)])
    }
    self.bytes = bytes
    version = found.version
    guestSVN = found.guest_svn
    policy = GuestPolicy(raw: found.policy)
    familyID = slice(found.family_id)
    imageID = slice(found.image_id)
    vmpl = found.vmpl
    currentTCB = TCBVersion(raw: found.current_tcb)
    platformInfo = PlatformInfo(raw: found.platform_info)
    keyInfo = found.key_info
    reportData = slice(found.report_data)
    measurement = slice(found.measurement)
    hostData = slice(found.host_data)
    idKeyDigest = slice(found.id_key_digest)
    authorKeyDigest = slice(found.author_key_digest)
    reportID = slice(found.report_id)
    reportIDMA = slice(found.report_id_ma)
    reportedTCB = TCBVersion(raw: found.reported_tcb)
    cpu =
      found.version < 3
      ? nil : CPUIdentity(family: found.cpuid_family, model: found.cpuid_model, stepping: found.cpuid_stepping)
    chipID = slice(found.chip_id)
    committedTCB = TCBVersion(raw: found.committed_tcb)
    currentFirmware = FirmwareVersion(
      major: found.current_major, minor: found.current_minor, build: found.current_build)
    committedFirmware = FirmwareVersion(
      major: found.committed_major, minor: found.committed_minor, build: found.committed_build)
    launchTCB = TCBVersion(raw: found.launch_tcb)
    launchMitigations = found.version < 5 ? nil : found.launch_mitigations
    currentMitigations = found.version < 5 ? nil : found.current_mitigations
    signature = slice(found.signature_r).reversed() + slice(found.signature_s).reversed()
  }

  /// What the signature covers: the bytes as received.
  package var signedBytes: ArraySlice<UInt8> { bytes[..<Int(SNP_SIGNED_SIZE)] }

  package var signingKey: SigningKey {
    switch UInt8(keyInfo >> 2 & 7) {
    case 0: .vcek
    case 1: .vlek
    case 7: .none
    case let other: .reserved(other)
    }
  }

  /// The digest of an author key means something.
  package var isAuthorKeyEnabled: Bool { keyInfo & 1 == 1 }
  /// The platform withholds its chip key: nothing is signed.
  package var isChipKeyMasked: Bool { keyInfo >> 1 & 1 == 1 }
  package var isChipIDMasked: Bool { chipID.allSatisfy { $0 == 0 } }
}

extension EvidenceError {
  /// The error of a refusal of the C door; `nil` for none.
  fileprivate init?(_ refusal: snp_report_refusal, version: UInt32) {
    switch refusal {
    case SNP_REPORT_OK: return nil
    case SNP_REPORT_LENGTH: self = .malformed("report", .outOfRange)
    case SNP_REPORT_VERSION_TOO_OLD, SNP_REPORT_VERSION_UNKNOWN: self = .unsupportedVersion(version)
    case SNP_REPORT_SIGNATURE_ALGORITHM: self = .malformed("report.signatureAlgorithm", .unexpected)
    case SNP_REPORT_KEY_INFO_RESERVED: self = .malformed("report.keyInfo", .unexpected)
    case SNP_REPORT_RESERVED_04C: self = .malformed("report.reserved04C", .unexpected)
    case SNP_REPORT_TAIL: self = .malformed("report.tail", .unexpected)
    case SNP_REPORT_SIGNATURE_R_TOO_WIDE: self = .malformed("report.signature.r", .outOfRange)
    case SNP_REPORT_SIGNATURE_S_TOO_WIDE: self = .malformed("report.signature.s", .outOfRange)
    case SNP_REPORT_SIGNATURE_R_ZERO, SNP_REPORT_SIGNATURE_S_ZERO: self = .unsigned
    default: self = .malformed("report", .unexpected)
    }
  }
}
