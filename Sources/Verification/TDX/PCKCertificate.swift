import Bytes
import Cryptography

/// The certificate of a platform's provisioning key with what Intel wrote into it: well-formed, its signature not looked
/// at.
///
/// Spec: Intel SGX PCK Certificate and Certificate Revocation List Profile, SGX extensions.
struct PCKCertificate: Sendable, Equatable {
  let certificate: Certificate
  /// SHA-256 of the certificate.
  let digest: [UInt8]
  let key: VerifyingKey
  /// 16 bytes, one for each platform.
  let ppid: [UInt8]
  /// The 16 SGX TCB component SVNs.
  let components: [UInt8]
  let pceSVN: UInt16
  let cpuSVN: [UInt8]
  /// 2 bytes.
  let pceID: [UInt8]
  /// 6 bytes: the family of platforms that one TCB info speaks of.
  let fmspc: [UInt8]
  let sgxType: SGXType
  /// From the Platform CA only.
  let platformInstanceID: [UInt8]?
  let configuration: Configuration?

  enum SGXType: UInt32, Sendable {
    case standard, scalable, scalableWithIntegrity

    var name: String {
      switch self {
      case .standard: "standard"
      case .scalable: "scalable"
      case .scalableWithIntegrity: "scalableWithIntegrity"
      }
    }
  }

  /// What the platform's registration said; `nil` where it did not.
  struct Configuration: Sendable, Equatable {
    var isDynamicPlatform: Bool?
    var hasCachedKeys: Bool?
    var isSMTEnabled: Bool?
  }

  static let commonName = "Intel SGX PCK Certificate"
  static let issuerNames = ["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"]
  private static let extensionOID = "1.2.840.113741.1.13.1"

  /// - Throws: `certificateMalformed` for another kind of certificate or key, `extensionInvalid` when the SGX extension
  ///   is absent, repeated, incomplete or not in its one form.
  init(_ certificate: Certificate) throws(Refusal) {
    guard certificate.subject.commonName == Self.commonName else {
      throw Refusal(.certificateMalformed, "pck.subject", wanted: Self.commonName)
    }
    guard let issuer = certificate.issuer.commonName, Self.issuerNames.contains(issuer) else {
      throw Refusal(.certificateMalformed, "pck.issuer", wanted: Self.issuerNames.joined(separator: " or "))
    }
    guard let key = certificate.publicKey, key.kind == .p256 else {
      throw Refusal(.certificateMalformed, "pck.key", wanted: "P-256")
    }
    let values = certificate.extensionValues(Self.extensionOID)
    guard values.count == 1 else {
      throw Refusal(.extensionInvalid, "pck.sgxExtension", got: "\(values.count) times", wanted: "once")
    }
    let members = try SGXExtension(values[0])
    self.certificate = certificate
    digest = Hash.sha256.digest(certificate.der)
    self.key = key
    ppid = try members.octets(.ppid, count: 16)
    (components, pceSVN, cpuSVN) = try members.tcb()
    pceID = try members.octets(.pceID, count: 2)
    fmspc = try members.octets(.fmspc, count: 6)
    sgxType = try members.sgxType()
    platformInstanceID = try members.has(.instanceID) ? members.octets(.instanceID, count: 16) : nil
    configuration = try members.configuration()
  }
}
