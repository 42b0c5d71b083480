import Bytes
import Cryptography
import Evidence

/// The certificate of a report's signing key with what AMD wrote into it: well-formed, its signature not looked at.
///
/// Spec: AMD, Versioned Chip Endorsement Key Certificate and KDS interface, certificate extensions.
struct VEKCertificate: Sendable {
  let certificate: Certificate
  let kind: SNPClaims.SigningKey
  /// From the issuer's name.
  let product: SNPProduct
  let tcb: TCBVersion.Components
  /// 64 bytes, on Turin 8; a VCEK has it and a VLEK does not.
  let hardwareID: [UInt8]?
  let cspID: String?

  var certificateDigest: [UInt8] { Hash.sha256.digest(certificate.der) }

  /// Which key a certificate says it is for, by its subject.
  static func kind(of certificate: Certificate) -> SNPClaims.SigningKey? {
    switch certificate.subject.commonName {
    case "SEV-VCEK": .vcek
    case "SEV-VLEK": .vlek
    default: nil
    }
  }

  /// - Throws: `productUnsupported` for an issuer of no known product, `productMismatch` when issuer and extension
  ///   disagree, `extensionInvalid` for an extension that is absent, repeated or not in its one form.
  init(_ certificate: Certificate, kind: SNPClaims.SigningKey) throws(Refusal) {
    let prefix = kind == .vcek ? "SEV-" : "SEV-VLEK-"
    let issuer = certificate.issuer.commonName ?? ""
    guard let product = SNPProduct.allCases.first(where: { issuer == prefix + $0.rawValue }) else {
      throw Refusal(.productUnsupported, "vek.issuer")
    }
    let extensions = VEKExtensions(certificate)
    _ = try extensions.integer("1")
    let name = try extensions.text("2")
    guard name == product.rawValue || name.hasPrefix(product.rawValue + "-") else {
      throw Refusal(.productMismatch, "vek.product", wanted: product.rawValue)
    }
    for reserved in 4...7 { _ = try extensions.optionalInteger("3.\(reserved)") }
    self.certificate = certificate
    self.kind = kind
    self.product = product
    let fmc = product == .turin ? try extensions.integer("3.9") : try extensions.absent("3.9")
    tcb = TCBVersion.Components(
      fmc: fmc, bootLoader: try extensions.integer("3.1"), tee: try extensions.integer("3.2"),
      snp: try extensions.integer("3.3"), microcode: try extensions.integer("3.8"))
    hardwareID =
      kind == .vcek
      ? try extensions.octets("4", count: product.chipIDByteCount) : try extensions.absent("4")
    cspID = kind == .vlek ? try extensions.text("5") : try extensions.absent("5")
  }
}

/// AMD's extensions below 1.3.6.1.4.1.3704.1 in the forms they have: DER of one small integer or of one text, and bytes
/// without any wrapping. Each may stand once.
struct VEKExtensions {
  private let certificate: Certificate

  init(_ certificate: Certificate) { self.certificate = certificate }

  /// The value of an extension, `nil` when absent.
  private func value(_ suffix: String) throws(Refusal) -> [UInt8]? {
    let values = certificate.extensionValues("1.3.6.1.4.1.3704.1." + suffix)
    guard values.count <= 1 else { throw invalid(suffix, "repeated") }
    return values.first
  }

  private func required(_ suffix: String) throws(Refusal) -> [UInt8] {
    guard let value = try value(suffix) else { throw invalid(suffix, "absent") }
    return value
  }

  /// A DER INTEGER from 0 to 255, minimal and with nothing behind it.
  func integer(_ suffix: String) throws(Refusal) -> UInt8 {
    let value = try required(suffix)
    if value.count == 3, value[0] == 0x02, value[1] == 1, value[2] < 0x80 { return value[2] }
    if value.count == 4, value[0] == 0x02, value[1] == 2, value[2] == 0, value[3] >= 0x80 { return value[3] }
    throw invalid(suffix, "not a DER INTEGER from 0 to 255")
  }

  func optionalInteger(_ suffix: String) throws(Refusal) -> UInt8? {
    try value(suffix) == nil ? nil : try integer(suffix)
  }

  /// A DER IA5String of 1 to 127 printable characters.
  func text(_ suffix: String) throws(Refusal) -> String {
    let value = try required(suffix)
    guard value.count > 2, value[0] == 0x16, value[1] < 0x80, Int(value[1]) == value.count - 2,
      value[2...].allSatisfy({ (0x20...0x7E).contains($0) })
    else { throw invalid(suffix, "not a DER IA5String") }
    return String(decoding: value[2...], as: UTF8.self)
  }

  /// Exactly `count` bytes as they are.
  func octets(_ suffix: String, count: Int) throws(Refusal) -> [UInt8] {
    let value = try required(suffix)
    guard value.count == count else { throw invalid(suffix, "\(value.count) bytes") }
    return value
  }

  /// An extension that the other kind of certificate has.
  func absent<T>(_ suffix: String) throws(Refusal) -> T? {
    guard try value(suffix) == nil else { throw invalid(suffix, "does not belong here") }
    return nil
  }

  private func invalid(_ suffix: String, _ problem: String) -> Refusal {
    Refusal(.extensionInvalid, "vek.extension.\(suffix)", got: problem)
  }
}
