import Bytes
import Evidence
import Verification

/// Where vendors are asked, as their own addresses or as those of a cache that speaks like them.
///
/// Spec: Intel SGX and TDX Provisioning Certification Service API v4; Intel PCCS; AMD 57230, key distribution service;
/// NVIDIA RIM service v1; RFC 6960 A.1.
package struct VendorEndpoints: Sendable, Equatable {
  /// Which of two TCB infos Intel gives while a new evaluation is rolled out.
  package enum TCBUpdate: String, Sendable, CaseIterable { case standard, early }

  /// Who has the revocation list of Intel's root.
  package enum RootList: Sendable, Equatable {
    /// A file of its own, at the root certificate's distribution point.
    case file(String)
    /// A cache's own path for it.
    case cache
  }

  /// Without a `/` at the end.
  package var intel: String
  package var rootList: RootList
  package var amd: String
  package var nvidia: String
  /// Who answers for NVIDIA's certificates.
  package var responder: String
  package var update: TCBUpdate

  package static let nvidiaService = "https://rim.attestation.nvidia.com"
  package static let nvidiaResponder = "https://ocsp.ndis.nvidia.com"

  package init(
    intel: String, rootList: RootList, amd: String, nvidia: String = Self.nvidiaService,
    responder: String = Self.nvidiaResponder, update: TCBUpdate = .standard
  ) {
    self.nvidia = Self.trimmed(nvidia)
    self.responder = Self.trimmed(responder)
    self.intel = Self.trimmed(intel)
    self.rootList = rootList
    self.amd = Self.trimmed(amd)
    self.update = update
  }

  package static let vendors = VendorEndpoints(
    intel: "https://api.trustedservices.intel.com",
    rootList: .file("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"),
    amd: "https://kdsintf.amd.com")

  private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

  /// How one artefact is asked for.
  package func request(for key: CollateralKey) -> VendorRequest {
    switch key {
    case .intelTCBInfo(let tee, let fmspc):
      let early = update == .early ? "&update=early" : ""
      return VendorRequest(
        key, "\(intel)/\(tee.rawValue)/certification/v4/tcb?fmspc=\(Hex.encode(fmspc))\(early)", limit: 1 << 20)
    case .intelQEIdentity(let tee):
      let early = update == .early ? "?update=early" : ""
      return VendorRequest(key, "\(intel)/\(tee.rawValue)/certification/v4/qe/identity\(early)", limit: 1 << 20)
    case .intelPCKRevocationList(let authority):
      let query = "ca=\(authority.rawValue)&encoding=der"
      return VendorRequest(key, "\(intel)/sgx/certification/v4/pckcrl?\(query)", limit: 1 << 20)
    case .intelRootRevocationList:
      switch rootList {
      case .file(let url): return VendorRequest(key, url, limit: 1 << 20)
      case .cache: return VendorRequest(key, "\(intel)/sgx/certification/v4/rootcacrl", limit: 1 << 20)
      }
    case .amdCertificateChain(let product, let kind):
      return VendorRequest(key, "\(amd)/\(kind.rawValue)/v1/\(product.rawValue)/cert_chain", limit: 1 << 16)
    case .amdRevocationList(let product, let kind):
      return VendorRequest(key, "\(amd)/\(kind.rawValue)/v1/\(product.rawValue)/crl", limit: 1 << 20)
    case .nvidiaManifest(let id): return VendorRequest(key, "\(nvidia)/v1/rim/\(id.text)", limit: 1 << 20)
    case .nvidiaAnswer(let id):
      return VendorRequest(key, responder, limit: 1 << 16, body: RevocationRequest.der(id, nonce: nil))
    case .amdVCEK(let product, let chipID, let tcb):
      let query = [("fmcSPL", tcb.fmc), ("blSPL", tcb.bootLoader), ("teeSPL", tcb.tee), ("snpSPL", tcb.snp)]
        .compactMap { name, value in value.map { "\(name)=\(Self.twoDigits($0))" } }
      let path = "\(amd)/vcek/v1/\(product.rawValue)/\(Hex.encode(chipID))"
      let last = "ucodeSPL=\(Self.twoDigits(tcb.microcode))"
      return VendorRequest(key, "\(path)?\((query + [last]).joined(separator: "&"))", limit: 1 << 16)
    }
  }

  /// Decimal, as in AMD's own examples.
  private static func twoDigits(_ value: UInt8) -> String { value < 10 ? "0\(value)" : String(value) }
}

/// One question to a vendor.
package struct VendorRequest: Sendable, Equatable {
  package let key: CollateralKey
  package let url: String
  /// The largest answer that is read, in bytes.
  package let limitBytes: Int
  /// What is posted; `nil` for a question that the address alone asks.
  package private(set) var body: [UInt8]?
  /// What an answer that repeats a nonce must repeat.
  private(set) var nonce: [UInt8]?

  package static let bodyType = "application/ocsp-request"

  init(_ key: CollateralKey, _ url: String, limit: Int, body: [UInt8]? = nil) {
    self.key = key
    self.url = url
    self.body = body
    limitBytes = limit
  }

  /// The same question made fresh, where the vendor's form has room for that.
  package func asked(with nonce: [UInt8]) -> VendorRequest {
    guard case .nvidiaAnswer(let id) = key else { return self }
    var fresh = self
    fresh.body = RevocationRequest.der(id, nonce: nonce)
    fresh.nonce = nonce
    return fresh
  }

  /// Who is asked: host and port, the thing that fails and has budgets.
  package var host: String {
    let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
    return String(rest.prefix { $0 != "/" && $0 != "?" })
  }
}
