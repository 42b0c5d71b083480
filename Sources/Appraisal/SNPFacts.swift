import Evidence
import Verification

/// What is judged of an SEV-SNP platform. Genuine: only `Claims` become facts.
struct SNPFacts: Equatable, Sendable {
  var reportVersion: UInt32
  /// `nil` before report version 3.
  var cpu: CPUIdentity?
  var product: SNPProduct
  /// 48 bytes.
  var measurement: [UInt8]
  /// 32 bytes.
  var hostData: [UInt8]
  /// 64 bytes; zeros when the platform masks it.
  var chipID: [UInt8]
  /// 48 bytes.
  var idKeyDigest: [UInt8]
  /// 48 bytes; means something only when `isAuthorKeyEnabled`.
  var authorKeyDigest: [UInt8]
  var isAuthorKeyEnabled: Bool
  /// 16 bytes each.
  var familyID: [UInt8]
  var imageID: [UInt8]
  var guestSVN: UInt32
  var vmpl: UInt32
  var guestPolicy: UInt64
  var platformInfo: UInt64
  var reportedTCB: TCBVersion.Components
  var committedTCB: TCBVersion.Components
  var launchTCB: TCBVersion.Components
  /// `nil` before report version 5.
  var launchMitigations: UInt64?
  var currentMitigations: UInt64?
  var signingKey: SNPClaims.SigningKey
  /// The provider a VLEK belongs to.
  var cspID: String?
  /// A current revocation list of the vendor was consulted.
  var isRevocationChecked: Bool
}

/// What is judged of a platform, and what the built-in strict rule holds against it.
struct Facts: Equatable, Sendable {
  enum Platform: Equatable, Sendable {
    case snp(SNPFacts)
    case tdx(TDXFacts)
  }

  var isSimulated: Bool
  var platform: Platform
  /// Of the platform alone.
  var strictRefusals: [Refusal] = []
  /// `nil` when no GPU was shown.
  var devices: DeviceFacts?
  /// 16 bytes that stand for the platform in leaves of the log; `nil` where nobody knows them.
  var pseudonym: [UInt8]?

  var tee: TEE {
    switch platform {
    case .snp: .snp
    case .tdx: .tdx
    }
  }
}
