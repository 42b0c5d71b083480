package import Bytes
import Cryptography
import Evidence
import Verification

extension CollateralKey {
  /// The longest text of a key, in bytes.
  package static let textLimit = 256

  /// Stable: the name of the key on the socket, in bundles and, with `_` for `/`, of its file.
  ///
  /// Shape: `intel/tdx/tcb/00906ed50000`, `intel/tdx/qe`, `intel/pckcrl/platform`, `intel/rootcrl`,
  /// `amd/milan/chain/vcek`, `amd/milan/vcek/CHIP/3.0.8.115` (boot loader, TEE, SNP, microcode; Turin's FMC first),
  /// `amd/milan/crl/vcek`, `nvidia/rim/NV_GPU_DRIVER_GH100_550.90.07`, `nvidia/ocsp/NAME/KEY/SERIAL` (SHA-384 of the
  /// issuer's). All but NVIDIA's own names in lower case.
  package var text: String {
    switch self {
    case .intelTCBInfo(let tee, let fmspc): "intel/\(tee.rawValue)/tcb/\(Hex.encode(fmspc))"
    case .intelQEIdentity(let tee): "intel/\(tee.rawValue)/qe"
    case .intelPCKRevocationList(let authority): "intel/pckcrl/\(authority.rawValue)"
    case .intelRootRevocationList: "intel/rootcrl"
    case .amdCertificateChain(let product, let kind): "amd/\(product.word)/chain/\(kind.rawValue)"
    case .amdVCEK(let product, let chipID, let tcb): "amd/\(product.word)/vcek/\(Hex.encode(chipID))/\(tcb.dotted)"
    case .amdRevocationList(let product, let kind): "amd/\(product.word)/crl/\(kind.rawValue)"
    case .nvidiaManifest(let id): "nvidia/rim/\(id.text)"
    case .nvidiaAnswer(let id):
      (["nvidia/ocsp"] + [id.issuerNameHash, id.issuerKeyHash, id.serialNumber].map { Hex.encode($0) })
        .joined(separator: "/")
    }
  }

  /// For people: as `text`, but without what nobody reads.
  package var shortText: String {
    guard case .nvidiaAnswer(let id) = self else { return text }
    return "nvidia/ocsp/\(Hex.encode(Array(id.issuerKeyHash.prefix(4))))…/\(Hex.encode(id.serialNumber))"
  }

  /// Reads exactly what `text` writes.
  ///
  /// - Throws: `ParseError` for anything else, another spelling of the same key among it.
  package init(text: String) throws(ParseError) {
    guard text.utf8.count <= Self.textLimit else { throw ParseError("key", .tooLong) }
    let words = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
    guard let key = Self.intel(words) ?? Self.amd(words) ?? Self.nvidia(words) else {
      throw ParseError("key", .unexpected)
    }
    // One key, one text.
    guard key.text.utf8.elementsEqual(text.utf8) else { throw ParseError("key", .notCanonical) }
    self = key
  }

  private static func intel(_ words: [String]) -> CollateralKey? {
    guard words.first == "intel" else { return nil }
    switch words.count {
    case 2: return words[1] == "rootcrl" ? .intelRootRevocationList : nil
    case 3 where words[1] == "pckcrl":
      return IntelPlatformAuthority(rawValue: words[2]).map { .intelPCKRevocationList($0) }
    case 3 where words[2] == "qe": return IntelTEE(rawValue: words[1]).map { .intelQEIdentity(tee: $0) }
    case 4 where words[2] == "tcb":
      guard let tee = IntelTEE(rawValue: words[1]), let fmspc = bytes(words[3]), fmspc.count == 6 else { return nil }
      return .intelTCBInfo(tee: tee, fmspc: fmspc)
    default: return nil
    }
  }

  private static func amd(_ words: [String]) -> CollateralKey? {
    guard words.count >= 4, words[0] == "amd", let product = SNPProduct.allCases.first(where: { $0.word == words[1] })
    else { return nil }
    switch (words[2], words.count) {
    case ("chain", 4): return AMDKeyKind(rawValue: words[3]).map { .amdCertificateChain(product, $0) }
    case ("crl", 4): return AMDKeyKind(rawValue: words[3]).map { .amdRevocationList(product, $0) }
    case ("vcek", 5):
      guard let chipID = bytes(words[3]), chipID.count == product.chipIDByteCount,
        let tcb = TCBVersion.Components(dotted: words[4], hasFMC: product == .turin)
      else { return nil }
      return .amdVCEK(product, chipID: chipID, tcb: tcb)
    default: return nil
    }
  }

  private static func nvidia(_ words: [String]) -> CollateralKey? {
    guard words.first == "nvidia" else { return nil }
    switch words.count {
    case 3 where words[1] == "rim": return ManifestID(words[2]).map { .nvidiaManifest($0) }
    case 5 where words[1] == "ocsp":
      let parts = words.dropFirst(2).compactMap { bytes($0) }
      guard parts.count == 3 else { return nil }
      return .nvidiaAnswer(
        about: CertificateID(issuerNameHash: parts[0], issuerKeyHash: parts[1], serialNumber: parts[2]))
    default: return nil
    }
  }

  /// `nil` for an id of another digest than is asked with, or of no certificate.
  static func nvidiaAnswer(about id: CertificateID) -> CollateralKey? {
    let digests = [id.issuerNameHash, id.issuerKeyHash]
    guard digests.allSatisfy({ $0.count == 48 }), (1...20).contains(id.serialNumber.count) else { return nil }
    return .nvidiaAnswer(id)
  }

  private static func bytes(_ word: String) -> [UInt8]? { try? Hex.decode(word, "key") }
}

extension CollateralKey: Comparable, CustomStringConvertible {
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
  package var description: String { text }
}

extension SNPProduct {
  /// As in keys; AMD's own spelling is the raw value.
  var word: String { rawValue.lowercased() }
}

extension TCBVersion.Components {
  fileprivate var dotted: String {
    ((fmc.map { [$0] } ?? []) + [bootLoader, tee, snp, microcode]).map { String($0) }.joined(separator: ".")
  }

  fileprivate init?(dotted text: String, hasFMC: Bool) {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
    guard numbers.count == (hasFMC ? 5 : 4) else { return nil }
    let rest = Array(numbers.suffix(4))
    self.init(
      fmc: hasFMC ? numbers[0] : nil, bootLoader: rest[0], tee: rest[1], snp: rest[2], microcode: rest[3])
  }
}
