import Bytes
import Collateral
import Evidence
import SimulatedTEE
import Testing
import Verification

@Suite struct CollateralKeyTests {
  private static let chip = [UInt8](repeating: 0xA5, count: 64)
  private static let tcb = TCBVersion.Components(fmc: nil, bootLoader: 3, tee: 0, snp: 8, microcode: 115)
  private static let turin = TCBVersion.Components(fmc: 1, bootLoader: 1, tee: 0, snp: 4, microcode: 255)

  private static let texts: [(CollateralKey, String)] = [
    (.intelTCBInfo(tee: .tdx, fmspc: [0, 0x90, 0x6E, 0xD5, 0, 0]), "intel/tdx/tcb/00906ed50000"),
    (.intelTCBInfo(tee: .sgx, fmspc: [0, 0x90, 0x6E, 0xD5, 0, 0]), "intel/sgx/tcb/00906ed50000"),
    (.intelQEIdentity(tee: .tdx), "intel/tdx/qe"),
    (.intelQEIdentity(tee: .sgx), "intel/sgx/qe"),
    (.intelPCKRevocationList(.platform), "intel/pckcrl/platform"),
    (.intelPCKRevocationList(.processor), "intel/pckcrl/processor"),
    (.intelRootRevocationList, "intel/rootcrl"),
    (.amdCertificateChain(.milan, .vcek), "amd/milan/chain/vcek"),
    (.amdCertificateChain(.genoa, .vlek), "amd/genoa/chain/vlek"),
    (.amdRevocationList(.turin, .vcek), "amd/turin/crl/vcek"),
    (.amdVCEK(.milan, chipID: chip, tcb: tcb), "amd/milan/vcek/\(Hex.encode(chip))/3.0.8.115"),
    (
      .amdVCEK(.turin, chipID: Array(chip.prefix(8)), tcb: turin),
      "amd/turin/vcek/a5a5a5a5a5a5a5a5/1.1.0.4.255"
    ),
  ]

  @Test func everyKeyHasOneTextAndIsReadBackFromIt() throws {
    for (key, text) in Self.texts {
      #expect(key.text == text)
      #expect(try CollateralKey(text: text) == key)
    }
  }

  @Test func noOtherTextIsAKey() {
    var others: [String] = []
    for (_, text) in Self.texts {
      others += [text.uppercased(), text + "/", "/" + text, text + " ", text + "\n", text + "0"]
      if !text.contains("/vcek/") { others.append(String(text.dropLast())) }
    }
    let chip = Hex.encode(Self.chip)
    others += ["", "intel", "amd", "intel/", "amd/milan", "intel/tdx/tcb/", "intel/tdx/tcb/00906ed5000"]
    others += ["intel/tdx/tcb/..", "intel/tdx/tcb/00906ED50000", "intel/xyz/qe", "amd/rome/chain/vcek"]
    others += ["amd/milan/chain/asvk", "amd/milan/vcek/a5/3.0.8.115", "amd/milan/vcek/\(chip)/3.0.8"]
    others += ["amd/milan/vcek/\(chip)/3.0.8.256", "amd/milan/vcek/\(chip)/03.0.8.115"]
    others += ["amd/milan/vcek/\(chip)/+3.0.8.115", "amd/turin/vcek/a5a5a5a5a5a5a5a5/1.0.4.255"]
    others += ["intel/rootcrl\u{0}", "intel/pckcrl/root", String(repeating: "a", count: 100_000)]
    for text in others {
      #expect(throws: ParseError.self, "\(text.prefix(80))") { try CollateralKey(text: text) }
    }
  }

  @Test func aQuoteAsksForWhatItsPlatformNeeds() throws {
    let guest = SimulatedTDX(issuedAt: 1_790_000_000)
    let evidence = try UnverifiedEvidence.parse(bytes: guest.quote(reportData: []))
    let keys = CollateralKey.wanted(by: evidence)
    let texts = keys.map(\.text)
    #expect(texts.count == 4)
    #expect(texts[0].hasPrefix("intel/tdx/tcb/"))
    #expect(texts[1...] == ["intel/tdx/qe", "intel/pckcrl/platform", "intel/rootcrl"])
  }

  @Test func aReportAsksForWhatItDidNotBring() throws {
    var guest = SimulatedSNP(.milan)
    let whole = UnverifiedEvidence.snp(try guest.evidence(reportData: []))
    #expect(CollateralKey.wanted(by: whole) == [.amdRevocationList(.milan, .vcek)])
    let bare = UnverifiedEvidence.snp(try guest.evidence(reportData: [], certificates: []))
    let kinds = CollateralKey.wanted(by: bare).map { $0.text.split(separator: "/").prefix(3).joined(separator: "/") }
    #expect(kinds == ["amd/milan/chain", "amd/milan/vcek", "amd/milan/crl"])
    guest.version = 2
    let old = UnverifiedEvidence.snp(try guest.evidence(reportData: [], certificates: []))
    #expect(CollateralKey.wanted(by: old).count == 6)
    let oldWhole = UnverifiedEvidence.snp(try guest.evidence(reportData: []))
    #expect(CollateralKey.wanted(by: oldWhole) == [.amdRevocationList(.milan, .vcek)])
  }

  @Test func aTurinReportAsksByItsEightBytes() throws {
    let guest = SimulatedSNP(.turin)
    let bare = UnverifiedEvidence.snp(try guest.evidence(reportData: [], certificates: []))
    let keys = CollateralKey.wanted(by: bare)
    guard case .amdVCEK(.turin, let chipID, let tcb) = keys[1] else {
      Issue.record("no VCEK wanted")
      return
    }
    #expect(chipID.count == 8)
    #expect(tcb.fmc != nil)
    #expect(try CollateralKey(text: keys[1].text) == keys[1])
  }

  @Test func aReportUnderACloudsKeyAsksForNoChip() throws {
    var guest = SimulatedSNP(.milan)
    try guest.set("signing-key", to: "vlek")
    let bare = UnverifiedEvidence.snp(try guest.evidence(reportData: [], certificates: []))
    #expect(
      CollateralKey.wanted(by: bare) == [.amdCertificateChain(.milan, .vlek), .amdRevocationList(.milan, .vlek)])
  }
}
