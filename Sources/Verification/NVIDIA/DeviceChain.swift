import Bytes
import Cryptography
import Evidence

/// What kind of device a certificate is for, by the names NVIDIA puts into it.
package enum DeviceFamily: String, Sendable, CaseIterable {
  case hopper = "HOPPER"
  case blackwell = "BLACKWELL"
  /// The switch between eight Hopper GPUs.
  case switchLS10 = "LS10"

  /// - Parameter chip: `GH100`, `GB100`, `LS_10`.
  init?(chip: String) {
    switch chip {
    case "LS_10": self = .switchLS10
    case let name where name.hasPrefix("GH1"): self = .hopper
    case let name where name.hasPrefix("GB1"): self = .blackwell
    default: return nil
    }
  }

  package var isSwitch: Bool { self == .switchLS10 }

  /// How its measurements are held against manifests was seen to be so with real ones. Of Blackwell no complete set of
  /// report and manifests is known, so none is believed to fit.
  var hasKnownManifests: Bool { self != .blackwell }
}

/// The five certificates of a device's key: well-formed and in order, their signatures not looked at.
///
/// The device's own, the one that its boot ROM holds, two authorities, and a root that is only carried. Spec: NVIDIA
/// device identity, as in every known device.
struct DeviceChain: Sendable {
  static let count = 5

  /// The device's own first; without the root.
  let path: [Certificate]
  let root: Certificate
  let key: VerifyingKey
  let family: DeviceFamily
  /// `GH100`.
  let chip: String
  /// 16 hexadecimal digits, one for each device.
  let deviceID: String
  let firmware: CertifiedFirmware

  var leaf: Certificate { path[0] }

  private static let alternativeNameOID = "2.5.29.17"
  private static let keyUsageOID = "2.5.29.15"
  private static let basicConstraintsOID = "2.5.29.19"
  /// DMTF's name for a device, in its DER: 1.3.6.1.4.1.412.274.1.
  private static let deviceNameOID: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x83, 0x1C, 0x82, 0x12, 0x01]

  /// - Parameter known: certificates that need not be parsed again when they are carried.
  init(pem text: [UInt8], knowing known: [Certificate] = []) throws(Refusal) {
    let trimmed = Array(text.prefix { $0 != 0 })
    guard let all = try? Certificate.parsePEM(trimmed, knowing: known) else {
      throw Refusal(.certificateMalformed, "deviceChain")
    }
    try self.init(all)
  }

  init(_ all: [Certificate]) throws(Refusal) {
    guard all.count == Self.count else {
      throw Refusal(.chainInvalid, "deviceChain", got: "\(all.count) certificates", wanted: "\(Self.count)")
    }
    guard zip(all, all.dropFirst()).allSatisfy({ $0.issuer == $1.subject }) else {
      throw Refusal(.chainInvalid, "deviceChain", got: "not in order", wanted: "the device first, the root last")
    }
    path = Array(all.dropLast())
    root = all[Self.count - 1]
    // By its bytes: OpenSSL calls nothing an authority whose key may not sign certificates.
    guard !all[0].isCA, [[], [[0x30, 0x00]]].contains(all[0].extensionValues(Self.basicConstraintsOID)),
      all[0].extensionValues(Self.keyUsageOID) == [[0x03, 0x02, 0x07, 0x80]]
    else {
      throw Refusal(.chainInvalid, "device", got: "another use of its key", wanted: "digital signatures only")
    }
    guard let key = all[0].publicKey, key.kind == .p384 else {
      throw Refusal(.signingKeyUnusable, "device", wanted: "P-384")
    }
    self.key = key
    let name = try Self.name(all[0])
    chip = name.chip
    family = name.family
    deviceID = name.id
    firmware = try CertifiedFirmware(all[0], issuerKey: all[1].subjectPublicKeyInfo)
  }

  /// Chip and id, which the subject and its alternative name must tell alike.
  private static func name(_ leaf: Certificate) throws(Refusal) -> (chip: String, family: DeviceFamily, id: String) {
    let common = leaf.subject.commonName ?? ""
    let words = common.split(separator: " ").map(String.init)
    guard let chip = words.first, let family = DeviceFamily(chip: chip) else {
      throw Refusal(.productUnsupported, "device.subject", got: String(common.prefix(32)), wanted: "a GPU or a switch")
    }
    guard let text = deviceName(leaf) else { throw Refusal(.extensionInvalid, "device.subjectAltName") }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0] == "NVIDIA", parts[2].utf8.count == 16,
      (try? Hex.decode(parts[2], "deviceID")) != nil
    else { throw Refusal(.extensionInvalid, "device.subjectAltName") }
    guard parts[1] == chip else {
      throw Refusal(.architectureMismatch, "device.subjectAltName", got: String(parts[1].prefix(32)), wanted: chip)
    }
    return (chip, family, parts[2])
  }

  /// The text of the one alternative name, which must be of DMTF's kind.
  private static func deviceName(_ leaf: Certificate) -> String? {
    let values = leaf.extensionValues(alternativeNameOID)
    guard values.count == 1 else { return nil }
    var outer = DERReader(values[0])
    guard let names = outer.element(0x30), outer.isAtEnd else { return nil }
    var list = DERReader(names)
    guard let other = list.element(0xA0), list.isAtEnd else { return nil }
    var name = DERReader(other)
    guard name.element(0x06).map(Array.init) == deviceNameOID, let value = name.element(0xA0), name.isAtEnd else {
      return nil
    }
    var text = DERReader(value)
    guard let content = text.element(0x0C), text.isAtEnd, content.count <= 64 else { return nil }
    return content.allSatisfy { (0x20...0x7E).contains($0) } ? String(decoding: content, as: UTF8.self) : nil
  }
}
