import Bytes
import Cryptography
import TestSupport
import Testing

/// Certificates of real hardware: AMD's and Intel's.
@Suite(.enabled(if: VectorStore.isPresent)) struct VendorChainTests {
  func certificate(_ path: String) throws -> Certificate { try Certificate(der: try VectorStore.read("cpu/\(path)")) }

  func anchor(_ name: String) throws -> TrustAnchor {
    TrustAnchor(name: name, unverifiedCertificate: try certificate("roots/\(name).der"))
  }

  static let leaves = [
    "05788a16ab", "1b35b8418f", "296a7c9905", "3430987528", "3bbfb6ee25", "49d521f00a", "63cb5ea9ea", "b67b09bfb8",
    "c065f7299e", "d63fc25302", "e1ef3f3ec8", "fc65813b79", "fcd6cc4167",
  ]
  static let lines = ["milan", "genoa", "turin"]

  func intermediates() throws -> [Certificate] {
    try Self.lines.flatMap { [try certificate("certs/ask_\($0).der"), try certificate("certs/asvk_\($0).der")] }
  }

  @Test func everyAMDLeafVerifiesUnderItsOwnRootAndNoOther() throws {
    let bag = try intermediates()
    for name in Self.leaves {
      let leaf = try certificate("certs/vek_\(name).der")
      let at = Timestamp(seconds: leaf.notBefore.seconds + 86_400)
      var roots: [String] = []
      for line in Self.lines {
        let anchor = try anchor("ark_\(line)")
        guard let chain = try? verifyChain(leaf: leaf, intermediates: bag, anchor: anchor, at: at, profile: .amd)
        else { continue }
        roots.append(line)
        #expect(chain.path.count == 2 && chain.leaf == leaf)
      }
      #expect(roots.count == 1, "\(name)")
      #expect(leaf.issuer.commonName?.lowercased().hasSuffix(roots.first ?? "none") == true)
      #expect(leaf.serialNumber == [0])
      #expect(leaf.publicKey?.kind == .p384)
      #expect(leaf.signatureAlgorithm == .rsaPSS(.sha384, mgf1Hash: .sha384, saltLength: 48))
    }
  }

  @Test func anAlteredAMDLeafIsRefused() throws {
    let leaf = try certificate("certs/vek_cee9695515.der")
    #expect(throws: ChainError.badSignature(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: try intermediates(), anchor: try anchor("ark_milan"), at: leaf.notBefore,
        profile: .amd)
    }
  }

  @Test func anAMDChainOutsideItsTimeIsRefused() throws {
    let leaf = try certificate("certs/vek_296a7c9905.der")
    let anchor = try anchor("ark_milan")
    let bag = try intermediates()
    #expect(throws: ChainError.expired(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: bag, anchor: anchor, at: Timestamp(seconds: leaf.notAfter.seconds + 1),
        profile: .amd)
    }
    #expect(throws: ChainError.notYetValid(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: bag, anchor: anchor, at: Timestamp(seconds: leaf.notBefore.seconds - 1),
        profile: .amd)
    }
  }

  @Test func amdSignaturesAreRefusedUnderAnyOtherRule() throws {
    let leaf = try certificate("certs/vek_3430987528.der")
    let anchor = try anchor("ark_milan")
    let bag = try intermediates()
    let at = leaf.notBefore
    var profile = ChainProfile.amd
    #expect(try verifyChain(leaf: leaf, intermediates: bag, anchor: anchor, at: at, profile: profile).path.count == 2)
    let others: [ChainProfile.Signature] = [
      .rsaPSS(.sha384, saltLength: 32, modulusBits: 4096), .rsaPSS(.sha256, saltLength: 48, modulusBits: 4096),
      .ecdsa(.sha384),
    ]
    for other in others {
      profile.signature = other
      #expect(throws: ChainError.weakAlgorithm(certificate: 0)) {
        try verifyChain(leaf: leaf, intermediates: bag, anchor: anchor, at: at, profile: profile)
      }
    }
    profile.signature = .rsaPSS(.sha384, saltLength: 48, modulusBits: 3072)
    #expect(throws: ChainError.weakAlgorithm(certificate: 1)) {
      try verifyChain(leaf: leaf, intermediates: bag, anchor: anchor, at: at, profile: profile)
    }
  }

  @Test func amdLeavesHaveNoKeyIdentifiersAndSoFailTheStrictChecks() throws {
    let leaf = try certificate("certs/vek_3430987528.der")
    var profile = ChainProfile.amd
    profile.strict = true
    #expect(throws: ChainError.malformed(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: try intermediates(), anchor: try anchor("ark_milan"), at: leaf.notBefore,
        profile: profile)
    }
  }

  @Test func intermediatesOfVendorsAreNotLeaves() throws {
    for name in ["certs/ask_milan", "certs/asvk_genoa", "collateral/pck_platform_ca"] {
      let authority = try certificate("\(name).der")
      #expect(throws: ChainError.leafIsAuthority) {
        try verifyChain(
          leaf: authority, intermediates: [], anchor: try anchor("ark_milan"), at: authority.notBefore, profile: .amd)
      }
    }
  }

  @Test func intelSigningCertificatesVerifyWithTheirRootList() throws {
    let anchor = try anchor("intel_sgx_root_ca")
    let list = try CertificateRevocationList(
      der: try VectorStore.read("cpu/collateral/crl_root_20260226_c114be.der"))
    let leaf = try certificate("collateral/tcb_signing_2025-2032.der")
    let at = list.thisUpdate
    let chain = try verifyChain(
      leaf: leaf, intermediates: [], anchor: anchor, revocationLists: [list], at: at, profile: .intelTCBSigning)
    #expect(chain.revocationLists == [list])
    #expect(throws: ChainError.revocationMissing(certificate: 0)) {
      try verifyChain(leaf: leaf, intermediates: [], anchor: anchor, at: at, profile: .intelTCBSigning)
    }
    #expect(throws: ChainError.revocationExpired(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: [], anchor: anchor, revocationLists: [list],
        at: Timestamp(seconds: try #require(list.nextUpdate).seconds + 1), profile: .intelTCBSigning)
    }
    #expect(throws: ChainError.untrusted(certificate: 0)) {
      try verifyChain(
        leaf: leaf, intermediates: [], anchor: try self.anchor("ark_milan"), at: at, profile: .amd)
    }
  }

  @Test func everyIntelListReadsBack() throws {
    for name in ["crl_platform_20260812_4093da", "crl_processor_20260214_c958dd", "crl_root_20230403_f64b58"] {
      let list = try CertificateRevocationList(der: try VectorStore.read("cpu/collateral/\(name).der"))
      #expect(list.issuer.commonName?.hasPrefix("Intel SGX") == true)
      #expect(list.signatureAlgorithm == .ecdsa(.sha256))
      #expect(try #require(list.nextUpdate) > list.thisUpdate)
    }
  }
}
