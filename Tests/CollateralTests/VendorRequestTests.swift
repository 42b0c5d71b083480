import Bytes
import Collateral
import Evidence
import Testing
import Verification

@Suite struct VendorRequestTests {
  private static let intel = "https://api.trustedservices.intel.com"
  private static let amd = "https://kdsintf.amd.com"
  private static let turinTCB = TCBVersion.Components(fmc: 1, bootLoader: 1, tee: 0, snp: 4, microcode: 81)
  private static let turinChip: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 0xAB]

  private static let rows: [(CollateralKey, String)] = [
    (Answers.tcbInfo, "\(intel)/tdx/certification/v4/tcb?fmspc=00806f050000"),
    (.intelTCBInfo(tee: .sgx, fmspc: Answers.fmspc), "\(intel)/sgx/certification/v4/tcb?fmspc=00806f050000"),
    (.intelQEIdentity(tee: .tdx), "\(intel)/tdx/certification/v4/qe/identity"),
    (.intelQEIdentity(tee: .sgx), "\(intel)/sgx/certification/v4/qe/identity"),
    (.intelPCKRevocationList(.platform), "\(intel)/sgx/certification/v4/pckcrl?ca=platform&encoding=der"),
    (.intelPCKRevocationList(.processor), "\(intel)/sgx/certification/v4/pckcrl?ca=processor&encoding=der"),
    (.intelRootRevocationList, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"),
    (.amdCertificateChain(.milan, .vcek), "\(amd)/vcek/v1/Milan/cert_chain"),
    (.amdCertificateChain(.genoa, .vlek), "\(amd)/vlek/v1/Genoa/cert_chain"),
    (.amdRevocationList(.turin, .vcek), "\(amd)/vcek/v1/Turin/crl"),
    (.amdRevocationList(.milan, .vlek), "\(amd)/vlek/v1/Milan/crl"),
    (
      .amdVCEK(.milan, chipID: Answers.chip, tcb: Answers.tcb),
      "\(amd)/vcek/v1/Milan/\(Hex.encode(Answers.chip))?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"
    ),
    (
      .amdVCEK(.turin, chipID: turinChip, tcb: turinTCB),
      "\(amd)/vcek/v1/Turin/01020304050607ab?fmcSPL=01&blSPL=01&teeSPL=00&snpSPL=04&ucodeSPL=81"
    ),
  ]

  @Test func everyKeyIsAskedForAtItsVendorsAddress() {
    for (key, url) in Self.rows { #expect(VendorEndpoints.vendors.request(for: key).url == url) }
  }

  @Test func theEarlyUpdateIsAskedForWhereIntelKnowsIt() {
    var endpoints = VendorEndpoints.vendors
    endpoints.update = .early
    for (key, url) in Self.rows {
      let early: String =
        switch key {
        case .intelTCBInfo: url + "&update=early"
        case .intelQEIdentity: url + "?update=early"
        default: url
        }
      #expect(endpoints.request(for: key).url == early)
    }
  }

  @Test func aCacheIsAskedForTheRootsListByItsOwnPath() {
    let cache = VendorEndpoints(intel: "https://pccs.example:8081/", rootList: .cache, amd: Self.amd)
    let request = cache.request(for: .intelRootRevocationList)
    #expect(request.url == "https://pccs.example:8081/sgx/certification/v4/rootcacrl")
    #expect(request.host == "pccs.example:8081")
    #expect(cache.request(for: Answers.tcbInfo).url.hasPrefix("https://pccs.example:8081/tdx/"))
  }
}
