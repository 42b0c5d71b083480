package import Bytes
import Cryptography
import Evidence
package import SimulatedTEE

/// Intel's, AMD's and NVIDIA's services for simulated hardware, path by path as the real ones. Everything they sign is simulated.
///
/// Spec: Intel PCS API v4 and PCCS; AMD 57230, KDS; NVIDIA RIM service v1; RFC 6960 A.1.
package struct SimulatedVendors: Sendable {
  /// Intel's own service, or a cache that answers a few things in another form.
  package enum IntelStyle: Sendable { case pcs, pccs }

  package var collateral: SimulatedCollateral
  /// What `update=early` gets; `nil`: the same.
  package var earlyTCBInfo: SimulatedTCBInfo?
  package var style = IntelStyle.pcs
  package var issuedAt: Timestamp
  package var amdListNumber: UInt64 = 1
  /// Eight GPUs and four switches, of which NVIDIA knows everything.
  package var gpus: SimulatedGPUSet
  private let keys: SimulatedKeys

  package init(issuedAt: Timestamp, keys: SimulatedKeys = .shared) {
    self.keys = keys
    self.issuedAt = issuedAt
    gpus = SimulatedGPUSet.protectedMachine(issuedAt: issuedAt, keys: keys.nvidia)
    collateral = SimulatedCollateral(SimulatedIntel(keys: keys.intel), issuedAt: issuedAt)
  }

  /// The answer of a server that is in order.
  ///
  /// - Parameters:
  ///   - target: path and query.
  ///   - body: what was posted.
  package func reply(_ target: String, body: [UInt8] = []) -> VendorReply {
    let parts = target.split(separator: "?", maxSplits: 1).map { String($0) }
    let query = Self.query(parts.count > 1 ? parts[1] : "")
    let words = parts[0].split(separator: "/").map { String($0) }
    switch words.first {
    case "vcek", "vlek": return amd(words, query)
    case "tdx", "sgx": return intel(words, query)
    case "v1": return manifest(words)
    case "ocsp": return answer(body)
    case "IntelSGXRootCA.der": return binary(collateral.rootList.der)
    default: return .text(404, "Not Found")
    }
  }

  private static func query(_ text: String) -> [String: String] {
    let pairs = text.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map { String($0) } }
    return Dictionary(pairs.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }) { first, _ in first }
  }

  private func binary(_ body: [UInt8], _ headers: [(name: String, value: String)] = []) -> VendorReply {
    VendorReply(headers: [("Content-Type", "application/octet-stream")] + headers, body: body)
  }
}

// Intel.
extension SimulatedVendors {
  private func intel(_ words: [String], _ query: [String: String]) -> VendorReply {
    guard words.count >= 4, words[1] == "certification", words[2] == "v4" else { return .text(404, "Not Found") }
    switch (words[0], words[3...].joined(separator: "/")) {
    case ("tdx", "tcb"): return tcbInfo(query)
    case ("tdx", "qe/identity"): return json(collateral.qeIdentityDocument, "SGX-Enclave-Identity-Issuer-Chain")
    case ("sgx", "pckcrl"): return pckList(query)
    case ("sgx", "rootcacrl") where style == .pccs: return VendorReply(body: Self.hex(collateral.rootList.der))
    default: return .text(404, "Not Found")
    }
  }

  private func tcbInfo(_ query: [String: String]) -> VendorReply {
    guard let text = query["fmspc"], let fmspc = try? Hex.decode(text, "fmspc"), fmspc.count == 6 else {
      return .text(400, "Invalid request parameters.")
    }
    var served = collateral
    if query["update"] == "early", let earlyTCBInfo { served.tcbInfo = earlyTCBInfo }
    guard served.tcbInfo.fmspc == fmspc else { return .text(404, "No data found.") }
    return json(served.tcbInfoDocument, "TCB-Info-Issuer-Chain")
  }

  private func json(_ body: [UInt8], _ header: String) -> VendorReply {
    let chain = Self.encoded([collateral.signer.der, collateral.intel.root])
    return VendorReply(headers: [("Content-Type", "application/json"), (header, chain)], body: body)
  }

  private func pckList(_ query: [String: String]) -> VendorReply {
    let isPlatform = query["ca"] == "platform"
    guard isPlatform || query["ca"] == "processor" else { return .text(400, "Invalid request parameters.") }
    let list = collateral.pckLists[isPlatform ? 0 : 1].der
    let chain = [collateral.intel.authority(isPlatform ? .platform : .processor), collateral.intel.root]
    let isText = style == .pccs && query["encoding"] != "der"
    return binary(isText ? Self.hex(list) : list, [("SGX-PCK-CRL-Issuer-Chain", Self.encoded(chain))])
  }

  private static func hex(_ bytes: [UInt8]) -> [UInt8] { Array(Hex.encode(bytes).utf8) }

  /// PEM of certificates, percent-encoded as in Intel's headers.
  package static func encoded(_ certificates: [[UInt8]]) -> String {
    let pem = certificates.map { PEM.encode("CERTIFICATE", $0) }.joined()
    var text = ""
    for byte in pem.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "-._~".utf8.contains(byte)
      text += isPlain ? String(UnicodeScalar(byte)) : "%" + Hex.encode([byte]).uppercased()
    }
    return text
  }
}

// AMD.
extension SimulatedVendors {
  private func amd(_ words: [String], _ query: [String: String]) -> VendorReply {
    guard words.count == 4, words[1] == "v1", let product = SNPProduct(rawValue: words[2]) else {
      return .text(404, "Not Found")
    }
    let authority = SimulatedSNPAuthority(product, keys: keys)
    switch words[3] {
    case "cert_chain":
      let issuer = words[0] == "vcek" ? authority.ask : authority.asvk
      let text = PEM.encode("CERTIFICATE", issuer) + PEM.encode("CERTIFICATE", authority.ark)
      return VendorReply(headers: [("Content-Type", "application/x-pem-file")], body: Array(text.utf8))
    case "crl":
      var list = authority.revocationListTemplate(thisUpdate: issuedAt)
      list.number = amdListNumber
      return binary(list.der)
    default: return words[0] == "vcek" ? vcek(authority, words[3], query) : .text(404, "Not Found")
    }
  }

  private func vcek(_ authority: SimulatedSNPAuthority, _ chip: String, _ query: [String: String]) -> VendorReply {
    let product = authority.product
    func version(_ name: String) -> UInt8? { query[name].flatMap { $0.utf8.count >= 2 ? UInt8($0) : nil } }
    guard let chipID = try? Hex.decode(chip, "chip"), chipID.count == product.chipIDByteCount,
      let bootLoader = version("blSPL"), let tee = version("teeSPL"), let snp = version("snpSPL"),
      let microcode = version("ucodeSPL"), (version("fmcSPL") != nil) == (product == .turin)
    else { return .text(400, "Bad Request") }
    let tcb = TCBVersion.Components(
      fmc: version("fmcSPL"), bootLoader: bootLoader, tee: tee, snp: snp, microcode: microcode)
    return binary(authority.vcekTemplate(chipID: chipID, tcb: tcb).der)
  }
}
