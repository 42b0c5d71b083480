import Bytes
import Cryptography
import Testing

/// Chains made for the purpose: one rule broken at a time.
@Suite struct ChainTests {
  let root = MintedAuthority(anchor: "root")
  let now: Timestamp = 500_000
  let profile = ChainProfile(certificateCount: 2...2, strict: true, revocation: .whenPresent)

  func verify(
    _ leaf: Certificate, _ bag: [Certificate?], anchor: TrustAnchor? = nil,
    lists: [CertificateRevocationList] = [], at time: Timestamp? = nil, _ profile: ChainProfile? = nil
  ) throws(ChainError) -> VerifiedChain {
    try verifyChain(
      leaf: leaf, intermediates: bag.compactMap { $0 }, anchor: anchor ?? root.anchor, revocationLists: lists,
      at: time ?? now, profile: profile ?? self.profile)
  }

  @Test func aCompleteChainIsReturnedLeafFirst() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    let chain = try verify(leaf, [middle.certificate])
    #expect(chain.path == [leaf, middle.certificate])
    #expect(chain.anchor == root.anchor)
    #expect(chain.revocationLists.isEmpty)
    #expect(chain.validity == Timestamp(1_000)..<Timestamp(2_000_000))
  }

  @Test func anAnchorOfTheSameNameAndAnotherKeyIsNotTheAnchor() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    let impostor = MintedAuthority(anchor: "root")
    #expect(throws: ChainError.badSignature(certificate: 1)) {
      try verify(leaf, [middle.certificate], anchor: impostor.anchor)
    }
  }

  @Test func anAnchorOfAnotherNameAndTheSameKeyIsNotTheAnchor() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    let renamed = MintedAuthority(anchor: "other root", key: root.key)
    #expect(throws: ChainError.untrusted(certificate: 1)) {
      try verify(leaf, [middle.certificate], anchor: renamed.anchor)
    }
  }

  @Test func anAnchorThatIsNoNameAndKeyTrustsNothing() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    for broken in [
      TrustAnchor(name: "", subject: root.subject, subjectPublicKeyInfo: [1, 2, 3]),
      TrustAnchor(name: "", subject: [0x30], subjectPublicKeyInfo: root.anchor.subjectPublicKeyInfo),
      TrustAnchor(name: "", subject: root.subject + [0], subjectPublicKeyInfo: root.anchor.subjectPublicKeyInfo),
    ] {
      #expect(!broken.isUsable)
      #expect(throws: ChainError.malformed(certificate: 2)) {
        try verify(leaf, [middle.certificate], anchor: broken)
      }
    }
  }

  @Test func aMissingIntermediateIsUntrusted() throws {
    let leaf = try root.authority("middle").leaf()
    #expect(throws: ChainError.untrusted(certificate: 0)) { try verify(leaf, []) }
  }

  @Test func certificatesThatLeadNowhereArePassedOver() throws {
    let middle = try root.authority("middle")
    let stranger = try MintedAuthority(anchor: "elsewhere").authority("middle")
    let leaf = try middle.leaf()
    let chain = try verify(leaf, [stranger.certificate, middle.certificate, leaf])
    #expect(chain.path == [leaf, middle.certificate])
  }

  @Test func aCarriedRootIsNotWhatIsTrusted() throws {
    var own = MintedAuthority(anchor: "own root")
    own.certificate = try own.issue(
      Mint.Request(subject: "own root", key: own.key.publicKey.subjectPublicKeyInfo, isAuthority: true))
    let middle = try own.authority("middle")
    let leaf = try middle.leaf()
    #expect(throws: ChainError.untrusted(certificate: 2)) {
      try verify(leaf, [middle.certificate, own.certificate])
    }
    #expect(try verify(leaf, [middle.certificate, own.certificate], anchor: own.anchor).path.count == 2)
  }

  @Test func thePathHasExactlyAsManyCertificatesAsTheProfileSays() throws {
    let middle = try root.authority("middle")
    let lower = try middle.authority("lower")
    #expect(throws: ChainError.wrongLength(1)) { try verify(try root.leaf(), []) }
    #expect(throws: ChainError.wrongLength(3)) {
      try verify(try lower.leaf(), [middle.certificate, lower.certificate])
    }
  }

  @Test func anAuthorityIsNeverALeaf() throws {
    let middle = try root.authority("middle")
    let lower = try #require(try middle.authority("lower").certificate)
    #expect(throws: ChainError.leafIsAuthority) { try verify(lower, [middle.certificate]) }
    let signer = try middle.leaf { $0.keyUsage = [0x06] }
    #expect(!signer.isCA)
    #expect(throws: ChainError.malformed(certificate: 0)) { try verify(signer, [middle.certificate]) }
  }

  @Test func aLeafCannotIssue() throws {
    var pretender = MintedAuthority(anchor: "leaf")
    pretender.certificate = try root.leaf { $0.key = pretender.key.publicKey.subjectPublicKeyInfo }
    let leaf = try pretender.leaf("under a leaf")
    #expect(throws: ChainError.untrusted(certificate: 0)) { try verify(leaf, [pretender.certificate]) }
  }

  @Test func anAuthorityWithoutTheRightToSignCertificatesCannotIssue() throws {
    let middle = try root.authority("middle") { $0.keyUsage = [0x02] }
    let leaf = try middle.leaf()
    #expect(throws: ChainError.untrusted(certificate: 0)) { try verify(leaf, [middle.certificate]) }
  }

  @Test func aPathLengthIsKept() throws {
    let middle = try root.authority("middle") { $0.pathLength = 0 }
    let lower = try middle.authority("lower")
    let three = ChainProfile(certificateCount: 3...3, strict: true, revocation: .whenPresent)
    #expect(throws: ChainError.untrusted(certificate: 2)) {
      try verify(try lower.leaf(), [middle.certificate, lower.certificate], three)
    }
  }

  @Test func everyCertificateMustBeValidAtTheTime() throws {
    let middle = try root.authority("middle") { $0.notAfter = 400_000 }
    let leaf = try middle.leaf()
    #expect(throws: ChainError.expired(certificate: 1)) { try verify(leaf, [middle.certificate]) }
    #expect(try verify(leaf, [middle.certificate], at: 399_999).path.count == 2)
    #expect(throws: ChainError.expired(certificate: 1)) { try verify(leaf, [middle.certificate], at: 400_000) }
    #expect(try verify(leaf, [middle.certificate], at: 1_000).path.count == 2)
    #expect(throws: ChainError.notYetValid(certificate: 1)) { try verify(leaf, [middle.certificate], at: 999) }
    let late = try root.authority("late")
    let young = try late.leaf { $0.notBefore = 600_000 }
    #expect(throws: ChainError.notYetValid(certificate: 0)) { try verify(young, [late.certificate]) }
    let old = try late.leaf { $0.notAfter = 2_000 }
    #expect(throws: ChainError.expired(certificate: 0)) { try verify(old, [late.certificate]) }
  }

  @Test func flippingAnyBitOfASignedPartIsRefused() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    for index in stride(from: 0, to: leaf.der.count, by: 1) {
      var bytes = leaf.der
      bytes[index] ^= 1 << (index % 8)
      guard let flipped = try? Certificate(der: bytes) else { continue }
      #expect(throws: ChainError.self, "byte \(index)") { try verify(flipped, [middle.certificate]) }
    }
  }

  @Test func weakKeysAndHashesAreRefused() throws {
    let middle = try root.authority("middle")
    let small = try Base64.decode(Self.rsa1024, .standard, "rsa1024")
    #expect(throws: ChainError.weakAlgorithm(certificate: 0)) {
      try verify(try middle.leaf { $0.key = small }, [middle.certificate])
    }
    #expect(throws: ChainError.weakAlgorithm(certificate: 0)) {
      try verify(try middle.leaf { $0.algorithm = Mint.ecdsaSHA1 }, [middle.certificate])
    }
  }

  @Test func aCurveSpelledOutIsRefused() throws {
    let middle = try root.authority("middle")
    let explicit = try Base64.decode(Self.explicitP256, .standard, "explicit")
    #expect(throws: ChainError.self) { try verify(try middle.leaf { $0.key = explicit }, [middle.certificate]) }
    #expect(throws: CryptoError.self) { try VerifyingKey(subjectPublicKeyInfo: explicit) }
  }

  @Test func anExtensionThatStandsTwiceIsRefused() throws {
    let middle = try root.authority("middle")
    let extra = Mint.entry([1, 3, 6, 1, 4, 1, 99, 1], [5, 0])
    let once = try middle.leaf { $0.extensions = [extra] }
    #expect(once.extensionValues("1.3.6.1.4.1.99.1") == [[5, 0]])
    #expect(try verify(once, [middle.certificate]).leaf == once)
    let twice = try middle.leaf { $0.extensions = [extra, extra] }
    #expect(twice.extensionValues("1.3.6.1.4.1.99.1").count == 2)
    #expect(throws: ChainError.malformed(certificate: 0)) { try verify(twice, [middle.certificate]) }
  }

  @Test func anUnknownCriticalExtensionIsRefused() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf { $0.extensions = [Mint.entry([1, 3, 6, 1, 4, 1, 99, 2], isCritical: true, [5, 0])] }
    #expect(throws: ChainError.malformed(certificate: 0)) { try verify(leaf, [middle.certificate]) }
  }

  @Test func aProfileNamesTheSignatureAlgorithm() throws {
    let middle = try root.authority("middle")
    let leaf = try middle.leaf()
    var exact = profile
    exact.signature = .ecdsa(.sha256)
    #expect(try verify(leaf, [middle.certificate], exact).path.count == 2)
    exact.signature = .ecdsa(.sha384)
    #expect(throws: ChainError.weakAlgorithm(certificate: 0)) { try verify(leaf, [middle.certificate], exact) }
    exact.signature = .rsaPSS(.sha384, saltLength: 48, modulusBits: 4096)
    #expect(throws: ChainError.weakAlgorithm(certificate: 0)) { try verify(leaf, [middle.certificate], exact) }
  }

  static let rsa1024 = """
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDIsUknMuSAIpSEAljVBnCB+J8rLs4wzCEXjfpIioV4E2dx5FIDdNBM2LMXlk4Epw\
    esbxjorLDjuODn2Rvc1mMcfykyVFR1IY86Efb5JJjkIX2/1dS6wiVXhWaqnPgA9hdeejplmzVkg2ohjgueHrMhoo2Lc/RoMf5wwykTpv3SEQIDAQAB
    """
  static let explicitP256 = """
    MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAA\
    AAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR\
    8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqt\
    pxeehPO5ysL8YyVRAgEBA0IABC/4zCrWar4VwHVbitPUTEAmJCVPujCRckM9rbFgfd/+MNpzMZhmiyfjFD+9/yumhGdUPjL85esrEdkHdeHA88k=
    """
}
